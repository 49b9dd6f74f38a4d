"""The one line with which the operator page begins: safe, needs you, or not safe. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass

from localex.backup.health import Problem

# Somebody stopped it, or a check did: then the check says by itself what is not safe.
STANDING_STILL = "stopped"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`state` is safe, waiting (nothing is wrong, and nothing proven yet), needs or unsafe; `more` is a sentence."""

    state: str
    words: str
    more: str


def find_verdict(problems: Sequence[Problem], *, is_off: bool, is_checked: bool, proof_age: str) -> Verdict:
    """What all `problems` come to. `proof_age` is that of the last proven restore in words; empty before the first."""
    grave = [problem.code for problem in problems if problem.is_grave]
    if set(grave) - {STANDING_STILL}:
        return Verdict("unsafe", "Not safe", f"{_count(len(grave))} below can cost credits or pictures today.")
    if is_off:
        return Verdict("unsafe", "Not safe", "Backups are switched off here by LOCALEX_BACKUP.")
    if problems:
        return Verdict(
            "needs", "Needs you", f"Nothing was found broken, but {_count(len(problems))} below must be done."
        )
    if not (is_checked and proof_age):
        # Both come by themselves, and what stays away becomes a problem.
        missing = " and ".join(
            words
            for words, is_there in (("check of the ledger", is_checked), ("proof of a restore", bool(proof_age)))
            if not is_there
        )
        return Verdict("waiting", "Not proven yet", f"Nothing needs you: the first {missing} comes by itself.")
    words = f"The ledger is in order, and a restore was proven {proof_age} ago. Nothing needs you."
    return Verdict("safe", "Safe", words)


def _count(number: int) -> str:
    return "1 thing" if number == 1 else f"{number} things"
