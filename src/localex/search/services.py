"""The search engine in force. OpenSearch will be chosen here when an installation names one."""

from localex.ports.search import SearchEngine
from localex.search.postgres import PostgresSearch


def get_engine() -> SearchEngine:
    """PostgreSQL's own full text: nothing to install, and never behind."""
    return PostgresSearch()
