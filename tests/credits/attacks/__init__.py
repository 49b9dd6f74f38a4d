"""The attack catalogue: what somebody with SQL in hand might try on the ledger. Data only; test_attacks.py runs it.

Each attack is run as five roles: the application, the owner of the functions, the owner of the tables, the owner of the
database, a superuser. Words like :main stand for numbers of the attacked ledger (`attacks.runner.Victim`).

    python scripts/write_attacks.py     writes docs/attacks.md from such a run
"""

from tests.credits.attacks import functions, rows, sealed, sessions, structure
from tests.credits.attacks.shape import Attack

CATALOGUE: tuple[Attack, ...] = (
    *rows.ATTACKS,
    *structure.ATTACKS,
    *sealed.ATTACKS,
    *sessions.ATTACKS,
    *functions.ATTACKS,
)
