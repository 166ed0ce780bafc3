"""The command line: one noun a folder, one verb a file."""
