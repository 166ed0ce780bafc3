"""sftsec's own state: SQLAlchemy tables and their migrations."""
