"""What is known of a model's quality, and the report that shows it."""
