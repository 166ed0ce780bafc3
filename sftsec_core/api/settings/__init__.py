"""Configuration types: values, secrets, paths, and what a task may say."""
