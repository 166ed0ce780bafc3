"""What the tables of the store belong to."""

from __future__ import annotations

from sqlalchemy import MetaData

# Migrations make the tables, on both databases. What is said of an index for PostgreSQL alone
# stands there: here it would import that dialect at each start.
# Named constraints: a later migration can drop them on any database.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
