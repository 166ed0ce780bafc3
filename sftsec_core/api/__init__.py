"""What authors of plugins import: values, contracts, hooks, errors, settings."""
