"""A ledger that has been lived in, and what the checker says about it."""

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar, LiteralString, cast

import psycopg
from psycopg import sql

from localex.credits.catalogue import LINES, compare
from localex.embedded import roles
from tests.servers import Servers

CHECKS = tuple(f"I{number}" for number in range(1, 9))
NAMES = (
    *("community", "other", "member", "payee", "closed", "stranger", "quiet", "trade", "done", "returned", "promised"),
    *("grant", "journal", "end", "return", "refusal", "fresh", "spare_key", "newcomer"),
)
ACCOUNTS = {
    "main": ("member", "main"),
    "gift": ("member", "gift"),
    "payee_main": ("payee", "main"),
    "empty": ("quiet", "main"),
}
MADE = "attack_test_"
DAY = "now() + interval '1 day'"


@dataclasses.dataclass(frozen=True)
class Victim:
    """The numbers that attacks name, as SQL literals."""

    numbers: dict[str, str]
    guard_pid: int

    REASONS: ClassVar[tuple[str, ...]] = (
        *("account_closed", "hold_exists", "hold_ended", "hold_expired", "hold_not_expired", "insufficient_credits"),
        *("limit_reached", "already_granted", "other_payee", "linked_refused"),
    )

    def words(self) -> dict[str, str]:
        """What stands for each :word of a statement."""
        return {**self.numbers, "guard_pid": str(self.guard_pid)}

    def check(self, connection: psycopg.Connection[Any]) -> list[tuple[str, str]]:
        """What the checker finds: the name of the check and the row that it names, the first three of each."""
        found: list[tuple[str, str]] = []
        for name in CHECKS:
            query = sql.SQL("SELECT subject, detail FROM ledger.find_broken({}, '-infinity') ORDER BY 1 LIMIT 3")
            try:
                with connection.transaction():
                    rows = connection.execute(query.format(name)).fetchall()
            except psycopg.Error as error:
                rows = [("the check itself fails", str(error).splitlines()[0])]
            found += [(name, f"{subject}: {detail}") for subject, detail in rows]
        with connection.transaction():
            connection.execute("SET LOCAL search_path = pg_catalog")
            # Roles that this test itself made, for attackers who cannot sign in, count for nothing.
            rows = connection.execute(LINES.encode()).fetchall()
            lines = [line for (line,) in rows if f": {MADE}" not in line]
        return found + [("structure", f"{what}: {detail}") for what, detail in compare(lines)]


def make_victim(servers: Servers, database: str) -> Victim:
    """Live in the ledger of `database` a little, with the application's rights."""
    numbers: dict[str, str] = {"spare": "999998"}
    with servers.connect(roles.APP, database) as app, servers.connect(roles.SUPER, database) as superuser:
        for name in NAMES:
            numbers[name] = f"'{_one(app, 'SELECT uuidv7()')}'"

        def act(text: str) -> Any:
            return _one(app, _fill(text, numbers))

        _live(act)
        while not act("SELECT ledger.seal_step()").startswith("sealed"):
            pass
        # After the seal, so that there is also something that none has sealed.
        act("SELECT ledger.grant_credits(uuidv7(), :community, :quiet, 9, 'starter_grant', NULL)")
        act("SELECT ledger.seal_step()")
        for name, (owner, kind) in ACCOUNTS.items():
            query = f"SELECT account_id FROM ledger.account WHERE owner = :{owner} AND kind = '{kind}'"
            numbers[name] = str(_one(superuser, _fill(query, numbers)))
        query = (
            "SELECT account_id FROM ledger.account JOIN ledger.entry ON balance_id = account_id"
            " WHERE kind = 'issuer' AND journal_id = :grant"
        )
        numbers["issuer"] = str(_one(superuser, _fill(query, numbers)))
        return Victim(numbers, superuser.info.backend_pid)


def _live(act: Callable[[str], Any]) -> None:
    for community in (":community", ":other"):
        act(f"SELECT ledger.open_community({community})")
    for owner in (":member", ":payee", ":closed", ":quiet"):
        act(f"SELECT ledger.open_member(:community, {owner})")
    act("SELECT ledger.open_member(:other, :stranger)")
    act("SELECT ledger.grant_credits(:grant, :community, :member, 1000, 'starter_grant', NULL)")
    act("SELECT ledger.grant_credits(uuidv7(), :community, :payee, 400, 'starter_grant', NULL)")
    for key, trade in ((":journal", ":trade"), ("uuidv7()", ":done"), ("uuidv7()", ":returned")):
        act(f"SELECT ledger.hold_credits({key}, :community, {trade}, :member, 100, {DAY}, NULL)")
    act("SELECT ledger.release_hold(:end, :done, :payee, NULL)")
    act("SELECT ledger.refund_hold(:return, :returned, NULL)")
    act(f"SELECT ledger.hold_credits(:refusal, :community, uuidv7(), :payee, 90000, {DAY}, NULL)")
    # Something in the member's main account, which only a release brings.
    act(f"SELECT ledger.hold_credits(uuidv7(), :community, :closed, :payee, 50, {DAY}, NULL)")
    act("SELECT ledger.release_hold(uuidv7(), :closed, :member, NULL)")
    act("SELECT ledger.close_member(:community, :closed)")
    act(f"SELECT ledger.hold_credits(uuidv7(), :community, :promised, :member, :payee, 60, 5, 2, {DAY}, NULL)")
    act("SELECT ledger.grant_credits(uuidv7(), :community, :member, 30, 'referral_bonus', NULL, :newcomer)")
    act("SELECT ledger.set_ceiling(:community, :quiet, 5000, :member, 'so little is earned')")


def _fill(text: str, numbers: dict[str, str]) -> str:
    for name, value in sorted(numbers.items(), reverse=True):
        text = text.replace(f":{name}", value)
    return text


def _one(connection: psycopg.Connection[Any], text: str) -> Any:
    row = connection.execute(cast(LiteralString, text)).fetchone()
    return row[0] if row else None
