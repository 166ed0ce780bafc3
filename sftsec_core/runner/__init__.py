"""What runs without a person: the scheduler, and workers that carry out what is queued."""
