"""docs/attacks.md, made from a run of the catalogue."""

from pathlib import Path

from tests.credits.attacks import CATALOGUE
from tests.credits.attacks.runner import ATTACKERS, Ground

PAGE = Path(__file__).parents[3] / "docs" / "attacks.md"
TOP = """# What was tried on the ledger

Made from a run of `tests/credits/attacks` by `python scripts/write_attacks.py`; a test runs every attack again and
compares. Somebody has SQL in hand and is, in turn, the application, the owner of the functions, the owner of the
tables, the owner of the database, or a superuser. Every attack ends in one of these:

- **refused** with an SQLSTATE (`42501` is PostgreSQL's "permission denied", `LX009` the ledger's guards, another `LX`
  code a request that makes no sense) or with the reason that a function of the ledger gave;
- **found** by the checker, which names the row: I1 to I8, or `structure`, which compares guards, functions, rights and
  tables with what this release makes;
- **changes nothing**: it went through, and everything in the ledger is as before, row by row;
- **an ordinary posting**: a function of the ledger did what it is for, at the true time, for everybody to see.

For the first two only the first, third and fourth are allowed. What the application can do by calling the functions
is in [ledger.md](ledger.md#what-the-applications-role-can-still-do).

"""


def build_page(ground: Ground) -> str:
    """The page, from this ground's outcomes."""
    outcomes = {
        (attack.name, heading): ground.run(attack, role).words
        for attack in CATALOGUE
        for heading, (role, _) in ATTACKERS.items()
    }
    tally: dict[str, int] = {}
    for words in outcomes.values():
        tally[words.split()[0].strip(":")] = tally.get(words.split()[0].strip(":"), 0) + 1
    total = f"{len(CATALOGUE)} attacks, each by {len(ATTACKERS)} roles: "
    lines = [
        TOP
        + total
        + ", ".join(f"{count} {_word(word)}" for word, count in sorted(tally.items(), key=lambda n: -n[1]))
        + ".",
        "",
        "| attack | what for | " + " | ".join(ATTACKERS) + " |",
        "| --- " * (2 + len(ATTACKERS)) + "|",
    ]
    for attack in CATALOGUE:
        cells = [attack.name, attack.tries, *(outcomes[attack.name, heading] for heading in ATTACKERS)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _word(word: str) -> str:
    return {"changes": "change nothing", "an": "are ordinary postings"}.get(word, word)
