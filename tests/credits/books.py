"""A ledger in a database of its own, spoken to in SQL, for tests of seals: what they do there commits."""

import contextlib
import dataclasses
import time
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg

from localex.embedded import roles
from tests.servers import Servers

# Who has taken a number in this database before the barrier and is not done (the numbers of a test do not wrap).
HELD_HERE = """
SELECT pid FROM pg_stat_activity, ledger.sealing
WHERE datname = current_database() AND backend_xid::text::bigint < barrier::text::bigint
"""
OTHERS_ARE_DONE = """
SELECT true FROM ledger.sealing WHERE barrier IS NULL OR barrier <= pg_snapshot_xmin(pg_current_snapshot())
"""
PATIENCE_STEPS = 6000
ALL_CHECKS = [f"I{number}" for number in range(1, 9)]


@dataclasses.dataclass(frozen=True)
class Books:
    """The database `name` and one community in it; amounts are hundredths."""

    servers: Servers
    name: str
    id: uuid.UUID = dataclasses.field(default_factory=uuid.uuid4)

    def connect(self, role: str = roles.APP) -> psycopg.Connection[Any]:
        return self.servers.connect(role, self.name)

    def run(self, sql: str, *parameters: Any, role: str = roles.APP) -> list[tuple[Any, ...]]:
        """One statement on a connection of its own, committed."""
        with self.connect(role) as connection:
            cursor = connection.execute(sql.encode(), parameters)
            return cursor.fetchall() if cursor.description else []

    def open(self) -> None:
        self.run("SELECT ledger.open_community(%s)", self.id)

    def member(self) -> uuid.UUID:
        owner = uuid.uuid4()
        self.run("SELECT ledger.open_member(%s, %s)", self.id, owner)
        return owner

    def grant(self, owner: uuid.UUID, amount: int = 100, *, using: psycopg.Connection[Any] | None = None) -> uuid.UUID:
        """Give credits; the posting's number."""
        sql = "SELECT (ledger.grant_credits(uuidv7(), %s, %s, %s, 'coordinator_grant', NULL)).journal_id"
        if using is None:
            return self.run(sql, self.id, owner, amount)[0][0]
        row = using.execute(sql, (self.id, owner, amount)).fetchone()
        assert row is not None
        return row[0]

    def refuse(self, owner: uuid.UUID) -> uuid.UUID:
        """A hold of more than there is; the number of its refusal."""
        sql = "SELECT journal_id, reason FROM ledger.hold_credits(uuidv7(), %s, %s, %s, %s, now() + '1 day', NULL)"
        ((journal_id, reason),) = self.run(sql, self.id, uuid.uuid4(), owner, 10**9)
        assert reason == "insufficient_credits"
        return journal_id

    def step(self) -> str:
        """One step of sealing. It waits for postings of this database only: other tests share the cluster's numbers."""
        said = self.run("SELECT ledger.seal_step()")[0][0]
        if said == "waiting" and not self.run(HELD_HERE, role=roles.SUPER):
            self.await_others()
            return self.step()
        return str(said)

    def await_others(self) -> None:
        """Until nobody in another database is under way from before the barrier."""
        for _ in range(PATIENCE_STEPS):
            if self.run(OTHERS_ARE_DONE, role=roles.SUPER):
                return
            time.sleep(0.1)
        raise AssertionError("another test keeps a transaction open for very long")

    def await_lock(self) -> None:
        """Until a session of this database waits for a lock."""
        waiting = "SELECT true FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        for _ in range(PATIENCE_STEPS):
            if self.run(waiting, role=roles.SUPER):
                return
            time.sleep(0.01)
        raise AssertionError("nobody waits for a lock")

    def seal(self) -> list[str]:
        """Steps until something is sealed or nothing is to be sealed; what each said."""
        said = [self.step()]
        while not said[-1].startswith(("sealed", "empty")):
            assert len(said) < 20, said
            said.append(self.step())
        return said

    def broken(
        self, *names: str, since: str = "-infinity", using: psycopg.Connection[Any] | None = None
    ) -> dict[str, list[tuple[str, str]]]:
        """For each check that fails, the rows: (subject, detail)."""
        sql = "SELECT subject, detail FROM ledger.find_broken(%s, %s) ORDER BY 1, 2"
        found = {}
        with contextlib.nullcontext(using) if using else self.connect() as connection:
            for name in names or ALL_CHECKS:
                rows = connection.execute(sql, (name, since)).fetchall()  # type: ignore[union-attr]
                if rows:
                    found[name] = rows
        return found


@contextlib.contextmanager
def new_books(servers: Servers) -> Iterator[Books]:
    """Books with an opened community, gone after the block."""
    with servers.scratch_database() as name:
        books = Books(servers, name)
        books.open()
        yield books
