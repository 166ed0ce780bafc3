"""What authors of connectors and plugins share, and the core uses too."""
