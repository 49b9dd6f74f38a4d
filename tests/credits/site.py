"""Django on a database of its own, in which everything commits: for checks, seals and what they publish."""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

from localex.credits import services
from localex.embedded import roles
from tests.credits.books import Books
from tests.credits.conftest import Town

GUARDED = ("account", "balance", "journal", "journal_first", "entry", "entry_first", "hold", "audit", "seal", "sealing")
AWAKE = b"""
SELECT format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', tgrelid::regclass, tgname) FROM pg_trigger t
JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal AND relnamespace = 'ledger'::regnamespace
"""


@dataclasses.dataclass(frozen=True)
class Site:
    """Django on a database of its own, in which everything commits, with a data directory of its own."""

    books: Books
    seals: Path

    def damage(self, *statements: str) -> None:
        """What a superuser does with the guards switched off; it stays."""
        with self.books.connect(roles.SUPER) as superuser:
            for table in GUARDED:
                superuser.execute(f"ALTER TABLE ledger.{table} DISABLE TRIGGER USER".encode())
            for statement in statements:
                superuser.execute(statement.encode())
            for (again,) in superuser.execute(AWAKE).fetchall():
                superuser.execute(again.encode())

    def town(self) -> Town:
        found = Town()
        services.open_community(community_id=found.id)
        return found


def chain_digest(previous: str, body: str) -> str:
    """The digest of a seal from that of the seal before it and from its own body, all hex."""
    return hashlib.sha256(f"localex-seal-1|{previous}|{body}".encode()).hexdigest()


def inspect(scope: str = "full") -> Any:
    from localex.credits import inspection

    return inspection.inspect(scope=scope)


def result_of(run: Any, name: str = "I8") -> Any:
    """What a run says of one check."""
    return next(result for result in run.results if result["name"] == name)


def seal() -> int:
    from localex.credits import seals

    return seals.seal_everything(patience_s=600)
