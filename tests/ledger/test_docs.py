"""docs/ledger.md tells the truth: its queries run, its tables are the ledger's."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from router.ledger.sqlite import SQLiteLedger

PAGE = (Path(__file__).parents[2] / "docs" / "ledger.md").read_text()
QUERIES = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def connection(tmp_path: Path):
    SQLiteLedger(tmp_path / "ledger.db").close()
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as connection:
        yield connection


@pytest.mark.parametrize("query", QUERIES)
def test_a_documented_query_runs(connection: sqlite3.Connection, query: str) -> None:
    """Each query of the page is one that SQLite takes."""
    connection.execute(query).fetchall()


def test_every_table_is_documented(connection: sqlite3.Connection) -> None:
    """The page lists the tables there are, and no others."""
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    assert {name for (name,) in tables} == set(
        re.findall(r"^\| `(\w+)` \| (?:each|not)", PAGE, re.MULTILINE)
    )
