"""The examples in docs/ledger.md run, and say what the page says they say.

SQL blocks run one after another in one migrated database, as the application's role. A comment `-- => value` after a
statement is what its first row must be, columns joined by ` | `. Python blocks are doctests.
"""

import doctest
import re
from pathlib import Path

import psycopg

from localex.embedded import roles
from tests.servers import Servers

PAGE = Path(__file__).parents[2] / "docs" / "ledger.md"
BLOCK = re.compile(r"^```(sql|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
STATEMENT = re.compile(r"(?P<sql>[^;]+;)[ \t]*(?:-- => (?P<expected>[^\n]*))?")


def blocks(language: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(PAGE.read_text()) if kind == language]


def shown(row: tuple[object, ...]) -> str:
    return " | ".join("null" if value is None else str(value) for value in row)


def test_the_sql_examples_say_what_the_page_says(servers: Servers) -> None:
    compared = 0
    with servers.scratch_database() as name, servers.connect(roles.APP, name) as connection:
        for block in blocks("sql"):
            for found in STATEMENT.finditer(block):
                sql, expected = found["sql"], found["expected"]
                try:
                    answer = connection.execute(sql.encode())
                    row = answer.fetchone() if answer.description else ()
                    said = shown(row or ())
                except psycopg.Error as error:
                    said = f"ERROR {error.sqlstate}"
                    if expected is None:
                        raise
                if expected is not None:
                    compared += 1
                    assert said == expected.strip(), sql
    assert compared > 10


def test_the_python_examples_say_what_the_page_says(db: None) -> None:
    sessions = [text for text in blocks("python") if ">>>" in text]
    assert sessions
    parser = doctest.DocTestParser()
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL)
    runner.run(parser.get_doctest("\n".join(sessions), {}, PAGE.name, str(PAGE), 0))
    assert runner.summarize().failed == 0
    assert runner.tries > 5
