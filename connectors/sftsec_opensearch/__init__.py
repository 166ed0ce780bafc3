"""The OpenSearch connector, for Wazuh too: alerts and verdicts in, detections out."""
