"""The files connector: JSON lines, CSV and Parquet in; JSON lines out."""
