"""Changes of a security text that keep what it means."""
