"""The stores that the tests of this folder run on."""

from tests.servers.postgres import (
    postgres_server,
    postgres_store_url,
    postgres_template,
    postgres_url,
)
from tests.servers.stores import database_url

__all__ = [
    "database_url",
    "postgres_server",
    "postgres_store_url",
    "postgres_template",
    "postgres_url",
]
