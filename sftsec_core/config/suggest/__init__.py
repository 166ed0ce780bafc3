"""What a sample of records tells of a configuration: which field is what, and what words mean."""
