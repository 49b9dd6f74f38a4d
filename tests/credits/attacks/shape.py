"""What an attack is."""

from dataclasses import dataclass

# A statement, or a statement with its one bound parameter (for COPY: what is sent).
Statement = str | tuple[str, str]


@dataclass(frozen=True, slots=True)
class Attack:
    """`name` is unique; `tries` says in words what it wants.

    `also`: SQLSTATEs that count as refused besides the ledger's own and "permission denied", because the server itself
    says no for a reason of its own. `is_alone`: the statements do not run in a transaction (or their effect outlives
    one); `undo` is then run by a superuser.
    """

    name: str
    tries: str
    statements: tuple[Statement, ...]
    also: frozenset[str] = frozenset()
    is_alone: bool = False
    undo: tuple[str, ...] = ()


def attack(name: str, tries: str, *statements: Statement, also: str = "") -> Attack:
    """An attack within one transaction."""
    return Attack(name, tries, statements, frozenset(also.split()))


# What most attacks want in the end, and how the guards of one table are put to sleep.
PAY_MYSELF = "UPDATE ledger.balance SET posted = posted + 500 WHERE balance_id = :main"
BACKDATE = "UPDATE ledger.entry SET booked_at = booked_at - interval '1 day' WHERE balance_id = :gift AND seq = 2"


def asleep(*tables: str) -> tuple[str, ...]:
    """Statements that switch all guards of these tables off, of their partitions too."""
    parted = [f"{table}_first" for table in tables if table in ("journal", "entry")]
    return tuple(f"ALTER TABLE ledger.{table} DISABLE TRIGGER USER" for table in (*tables, *parted))


def unseen(table: str, *statements: Statement) -> tuple[Statement, ...]:
    """The statements between switching the guards of a table off and on again, as if nothing had been."""
    awake = (
        "DO $$ DECLARE v_name name; BEGIN FOR v_name IN SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        f" AND tgrelid = 'ledger.{table}'::regclass LOOP EXECUTE format("
        f"'ALTER TABLE ledger.{table} ENABLE ALWAYS TRIGGER %I', v_name); END LOOP; END $$"
    )
    return (f"ALTER TABLE ledger.{table} DISABLE TRIGGER USER", *statements, awake)
