"""From unlabelled incidents to detections that are pushed exactly once."""
