"""The gate and the registry: what may go into service, and what is."""
