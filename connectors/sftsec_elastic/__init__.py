"""The Elastic connector: security alerts and indices in; a data stream of detections out."""
