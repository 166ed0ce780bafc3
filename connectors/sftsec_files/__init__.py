"""The files connector: JSON, CSV, Parquet and mail in; JSON lines out."""
