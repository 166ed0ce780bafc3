"""Modules that are rightly tested through a neighbour: module, the file of its tests, why.

A file of tests has the path and the name of its module, see `mirrored` in `test_mirror`. Only a
module whose behaviour shows through another one stands here.
"""

from __future__ import annotations

from typing import NamedTuple


class Elsewhere(NamedTuple):
    """Modules with one reason; all paths from the root of the repository."""

    modules: tuple[str, ...]
    tests: str
    why: str


CORE_ROWS: tuple[Elsewhere, ...] = ()

EDGE_ROWS: tuple[Elsewhere, ...] = ()

CONNECTOR_ROWS: tuple[Elsewhere, ...] = (
    Elsewhere(
        ("connectors/sftsec_elastic/errors.py",),
        "tests/connectors/elastic/test_kibana.py",
        "an error class without code; the calls of Kibana that raise it are tested there",
    ),
    Elsewhere(
        (
            "connectors/sftsec_elastic/reference_client.py",
            "connectors/sftsec_opensearch/reference_client.py",
        ),
        "tests/connectors/search/test_reference_client.py",
        "each makes the vendor's client for the benchmark, which runs there on both engines",
    ),
    Elsewhere(
        ("connectors/sftsec_files/errors.py",),
        "tests/connectors/files/test_pull.py",
        "error classes without code; a changed file raises one there, the others are raised in "
        "test_readers.py, test_sources.py and test_connector.py",
    ),
    Elsewhere(
        ("connectors/sftsec_opensearch/config.py",),
        "tests/connectors/search/test_config.py",
        "adds names of indices and of a field; the rules of both engines are tried there together",
    ),
    Elsewhere(
        ("connectors/sftsec_search/errors.py",),
        "tests/connectors/search/test_faults_points.py",
        "an error class without code, raised and caught while a point in time is gone",
    ),
    Elsewhere(
        ("connectors/sftsec_search/fields.py",),
        "tests/packaging/elastic/test_fields.py",
        "a table, held there against the fields of the integration package; test_setup.py reads "
        "the mapping that an engine made of it",
    ),
    Elsewhere(
        ("connectors/sftsec_search/positions.py",),
        "tests/connectors/search/test_paging.py",
        "a position is two values within a cursor, and a pull resumes there from each cursor",
    ),
    Elsewhere(
        ("connectors/sftsec_search/push.py",),
        "tests/connectors/search/test_fetch.py",
        "looks up what is there and creates the rest: its two halves, fetch and bulk, meet there",
    ),
    Elsewhere(
        ("connectors/sftsec_search/requests.py",),
        "tests/connectors/opensearch/test_connector.py",
        "only OpenSearch keeps requests for labels in an index",
    ),
    Elsewhere(
        ("connectors/sftsec_splunk/connector.py",),
        "tests/connectors/splunk/test_contract.py",
        "hands each call to the module that does it; the contract makes every one of them",
    ),
    Elsewhere(
        ("connectors/sftsec_splunk/errors.py",),
        "tests/connectors/splunk/test_searches.py",
        "error classes without code: of failed searches, raised there, and of the event collector, "
        "raised in test_hec.py",
    ),
    Elsewhere(
        ("connectors/sftsec_splunk/positions.py",),
        "tests/connectors/splunk/test_slices.py",
        "a position is two values within a cursor, and a pull resumes there from each cursor",
    ),
    Elsewhere(
        ("plugins/sftsec_pii/config.py",),
        "tests/plugins/pii/test_redact.py",
        "a switch for each type, without a rule of its own; the switches are tried there",
    ),
)

TABLE = CORE_ROWS + EDGE_ROWS + CONNECTOR_ROWS

# Files of tests that follow no module of their own: they try a package as a whole, and how.
CORE_ACROSS: dict[str, str] = {}

EDGE_ACROSS: dict[str, str] = {}

CONNECTOR_ACROSS: dict[str, str] = {
    "tests/connectors/elastic/test_contract.py": "the connector's contract, on security alerts",
    "tests/connectors/files/test_contract.py": "the connector's contract, on files",
    "tests/connectors/search/test_contract.py": "the connector's contract, on both engines",
    "tests/connectors/search/test_faults_lost.py": "pull and push while an engine is killed",
    "tests/connectors/search/test_faults_points.py": "points in time and indices that vanish",
    "tests/connectors/search/test_faults_size.py": "large documents, and clusters that are busy",
    "tests/connectors/search/test_readme.py": "the connectors' pages against their settings",
    "tests/connectors/splunk/test_contract.py": "the connector's contract, on every kind of source",
}

ACROSS = CORE_ACROSS | EDGE_ACROSS | CONNECTOR_ACROSS
