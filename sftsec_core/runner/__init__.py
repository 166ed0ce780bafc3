"""What runs without a person: the scheduler and the worker."""
