"""What the connectors to Elasticsearch and OpenSearch share; no connector itself."""
