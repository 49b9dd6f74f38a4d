"""Runs attacks on a ledger that has been lived in and says what came of each."""

import dataclasses
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString, cast

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from localex.embedded import roles
from tests.credits.attacks.shape import Attack, Statement
from tests.credits.attacks.victim import MADE, Victim, make_victim
from tests.servers import Servers

# Heading of the table, role that acts, and whether only a refusal is good enough.
ATTACKERS: dict[str, tuple[str, bool]] = {
    "application": (roles.APP, True),
    "functions' owner": ("ledger_writer", True),
    "tables' owner": ("ledger_owner", False),
    "database's owner": (roles.OWNER, False),
    "superuser": (roles.SUPER, False),
}
REFUSALS = re.compile(r"42501|LX\d\d\d")
UNCHANGED, POSTED = "changes nothing", "an ordinary posting"
STRUCTURE, UNNOTICED = "structure only", "UNNOTICED"
_STRUCTURE: LiteralString = """
    SELECT 'trigger', tgrelid::regclass::text, tgname::text, tgenabled::text, tgfoid::regproc::text
    FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = 'ledger'::regnamespace
    UNION ALL SELECT 'function', p.oid::regprocedure::text, proowner::regrole::text, proacl::text,
        md5(concat(prosrc, proconfig, prosecdef)) FROM pg_proc p WHERE pronamespace = 'ledger'::regnamespace
    UNION ALL SELECT 'relation', relname::text, relowner::regrole::text, relacl::text,
        concat(relkind, relpersistence, relrowsecurity, relhasrules, relnatts,
            CASE WHEN relkind = 'v' THEN pg_get_viewdef(oid) END)
    FROM pg_class WHERE relnamespace = 'ledger'::regnamespace AND relkind NOT IN ('i', 'I')
    UNION ALL SELECT 'constraint', conrelid::regclass::text, conname::text, pg_get_constraintdef(oid), ''
    FROM pg_constraint WHERE connamespace = 'ledger'::regnamespace
    UNION ALL SELECT 'to come', defaclrole::regrole::text, defaclobjtype::text, defaclacl::text, defaclnamespace::text
    FROM pg_default_acl
    UNION ALL SELECT 'member', roleid::regrole::text, member::regrole::text, '', '' FROM pg_auth_members
    WHERE roleid::regrole::text ~ '^ledger_' AND member::regrole::text ~ '^(ledger|localex)_'
    UNION ALL SELECT 'role', rolname, concat(rolsuper, rolcanlogin, rolcreaterole), '', '' FROM pg_roles
    WHERE rolname ~ '^(ledger|localex)_' OR rolname = 'attack_test_mine'
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attack: `words` for the table; `detail` says what the checker named, or the server's words."""

    words: str
    detail: str = ""


class Ground:
    """The attacked database and a way in for every role."""

    def __init__(self, servers: Servers, database: str) -> None:
        self._servers, self._database = servers, database
        self.guard = servers.connect(roles.SUPER, database)
        self.victim: Victim = make_victim(servers, database)
        self._ways: dict[str, psycopg.Connection[Any]] = {}
        self._made: list[str] = []
        self._known: dict[tuple[str, str], Outcome] = {}

    def close(self) -> None:
        """Let go of everything, the sign-in roles that were made included; the database must be gone by then."""
        for connection in [*self._ways.values(), self.guard]:
            connection.close()

    def remove_roles(self) -> None:
        """Take the sign-in roles away that were made for the two owners, who have none."""
        with self._servers.connect(roles.SUPER, "postgres") as superuser:
            for name in self._made:
                superuser.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))

    def way_in(self, role: str) -> psycopg.Connection[Any]:
        """A connection that is `role` and nothing more: RESET and SET ROLE NONE lead nowhere."""
        found = self._ways.get(role)
        if found is None or found.closed:
            is_known = role in (roles.APP, roles.OWNER, roles.SUPER)
            found = self._servers.connect(role, self._database) if is_known else self._sign_in_for(role)
            found.add_notice_handler(lambda notice: None)
            self._ways[role] = found
        return found

    def _sign_in_for(self, role: str) -> psycopg.Connection[Any]:
        name, password = f"{MADE}{secrets.token_hex(4)}", secrets.token_hex(8)
        words = {"name": sql.Identifier(name), "role": sql.Identifier(role), "base": sql.Identifier(self._database)}
        for text in (
            "GRANT {role} TO {name} WITH INHERIT FALSE, SET TRUE",
            "ALTER ROLE {name} SET role = {role}",
            "GRANT CONNECT ON DATABASE {base} TO {name}",
        ):
            if not self._made or self._made[-1] != name:
                self.guard.execute(
                    sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(words["name"], sql.Literal(password))
                )
                self._made.append(name)
            self.guard.execute(sql.SQL(cast(LiteralString, text)).format(**words))
        address = make_conninfo(self._servers.url(roles.SUPER, self._database), user=name, password=password)
        return psycopg.connect(address, autocommit=True)

    def run(self, attack: Attack, role: str) -> Outcome:
        """Attack as `role`, once, and say what came of it. Nothing of it stays."""
        if (attack.name, role) not in self._known:
            self._known[attack.name, role] = self._attack(attack, role)
        return self._known[attack.name, role]

    def _attack(self, attack: Attack, role: str) -> Outcome:
        if attack.is_alone:
            return self._run_alone(attack, role)
        words = self.victim.words()
        connection = self.way_in(role)
        if role != roles.SUPER:
            with _rolled_back(connection):
                refused = _try(connection, attack, words)
            if refused:
                return refused
            # It succeeds. Once more, by a superuser who acts as that role and can then look at what became of it.
        connection = self.way_in(roles.SUPER)
        before = _content(connection)
        with _rolled_back(connection):
            connection.execute(
                sql.SQL("SET LOCAL SESSION AUTHORIZATION {}").format(sql.Identifier(role))
            ) if role != roles.SUPER else None
            refused = _try(connection, attack, words)
            if refused:
                return refused
            for reset in ("RESET SESSION AUTHORIZATION", "RESET ROLE", "RESET ALL"):
                connection.execute(reset)
            return self._judge(connection, before)

    def _run_alone(self, attack: Attack, role: str) -> Outcome:
        before = _content(self.guard)
        connection = self.way_in(role)
        try:
            return _try(connection, attack, self.victim.words()) or self._judge(self.guard, before)
        finally:
            connection.close()
            for statement in attack.undo:
                self.guard.execute(statement.encode())

    def _judge(self, connection: psycopg.Connection[Any], before: "Content") -> Outcome:
        """What the superuser behind `connection` sees after an attack that nobody refused."""
        try:
            after = _content(connection)
        except psycopg.Error as error:
            return Outcome("found: nothing can be read", str(error))
        # First what an operator is told: that rows and structure look the same to this test proves less.
        found = self.victim.check(connection)
        if found:
            return Outcome("found by " + ", ".join(sorted({name for name, _ in found})), "; ".join(r for _, r in found))
        if after == before:
            return Outcome(UNCHANGED)
        if after.structure == before.structure and after.only_adds_to(before):
            return Outcome(POSTED)
        return Outcome(STRUCTURE if after.rows == before.rows else UNNOTICED)


@dataclasses.dataclass(frozen=True)
class Content:
    """Everything in the ledger, as text."""

    rows: dict[str, frozenset[str]]
    structure: frozenset[tuple[Any, ...]]

    def only_adds_to(self, before: "Content") -> bool:
        """Whether everything that never changes is still there, and something was added to it."""
        kept = ("account", "journal", "entry")
        return all(before.rows[table] <= self.rows[table] for table in kept) and any(
            before.rows[table] != self.rows[table] for table in kept
        )


def _content(connection: psycopg.Connection[Any]) -> Content:
    with connection.transaction():
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'ledger'::regnamespace AND relkind IN ('r', 'p')"
            " AND NOT relispartition ORDER BY 1"
        ).fetchall()
        rows = {}
        for (table,) in tables:
            query = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier("ledger", table))
            rows[table] = frozenset(row[0] for row in connection.execute(query))
        return Content(rows, frozenset(connection.execute(_STRUCTURE).fetchall()))


@contextmanager
def _rolled_back(connection: psycopg.Connection[Any]) -> Iterator[None]:
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("ROLLBACK")


def _try(connection: psycopg.Connection[Any], attack: Attack, words: dict[str, str]) -> Outcome | None:
    """Run the statements; how they were refused, or None when they went through."""
    answer: Any = None
    try:
        for statement in attack.statements:
            answer = _execute(connection, statement, words)
    except psycopg.Error as error:
        state = error.sqlstate or "no SQLSTATE"
        if not REFUSALS.fullmatch(state) and state not in attack.also:
            return Outcome(f"failed with {state}", str(error))
        return Outcome(f"refused {state}", str(error))
    if isinstance(answer, str) and answer in Victim.REASONS:
        return Outcome(f"refused {answer}")
    return None


def _execute(connection: psycopg.Connection[Any], statement: Statement, words: dict[str, str]) -> Any:
    text, parameter = (statement, None) if isinstance(statement, str) else statement
    query = _filled(text, words).encode()
    with connection.cursor() as cursor:
        if text.startswith("COPY") and ("STDIN" in text or "STDOUT" in text):
            with cursor.copy(query) as copy:
                if parameter is not None:
                    copy.write(_filled(parameter, words).replace("'", ""))
                    return None
                return next(iter([row[0] for row in copy.rows()]), None)
        cursor.execute(query, None if parameter is None else [parameter])
        # As text: a driver that cannot read -infinity refuses nothing.
        result = cursor.pgresult
        value = result.get_value(0, 0) if result and result.ntuples and result.nfields else None
    return value.decode(errors="replace") if value is not None else None


def _filled(text: str, words: dict[str, str]) -> str:
    return re.sub(r"(?<!:):([a-z_]+)\b", lambda found: words.get(found[1], found[0]), text)
