"""The Splunk connector: notables, findings and searches in; detections by HEC out."""
