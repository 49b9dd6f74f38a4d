"""When an operator is told something about backups: each rule, on both sides of its limit."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from localex.backup.health import Facts, find_problems, spell

MONITORING = Path(__file__).parents[2] / "docs" / "operators" / "monitoring.md"
NOW = datetime(2026, 11, 23, 14, 32, 7, tzinfo=UTC)


def facts(*, said: float = 0.5, backup: float | None = 5, proof: float | None = 5, **changes: Any) -> Facts:
    """A healthy installation; `said` is minutes ago, `backup` and `proof` are hours ago."""
    failed = changes.pop("failed", False)
    detail = {"key_confirmed": True, "same_disk": False, "lag_s": 20, "first_seen_at": "2026-01-01T00:00:00+00:00"}
    return Facts(
        said_at=NOW - timedelta(minutes=said),
        detail={**detail, **changes},
        last_backup_at=None if backup is None else NOW - timedelta(hours=backup),
        last_proof_at=None if proof is None else NOW - timedelta(hours=proof),
        last_drill_failed=failed,
    )


def codes(found: Facts) -> list[str]:
    return [problem.code for problem in find_problems(found, now=NOW)]


def test_nothing_is_said_when_all_is_well() -> None:
    assert codes(facts(said=4.9, backup=25.9, proof=25.9, lag_s=60)) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"proof": 26.1}, "old_proof"),
        ({"proof": None}, "never_proven"),
        ({"failed": True}, "drill_failed"),
        ({"backup": 26.1}, "old_backup"),
        ({"backup": None}, "no_backup"),
        ({"said": 5.1}, "silent"),
        ({"lag_s": 61}, "lag"),
        ({"error": "the disk is full"}, "failing"),
        ({"key_confirmed": False}, "key_not_confirmed"),
        ({"same_disk": True}, "same_disk"),
        ({"retention": "one cannot be read"}, "retention"),
        ({"store_gone": True, "store": "/mnt/disk"}, "store_gone"),
    ],
)
def test_each_rule_is_followed_and_explained_to_operators(changes: dict[str, Any], code: str) -> None:
    (found,) = find_problems(facts(**changes), now=NOW)
    assert found.code == code
    # Up to the first number, name or full stop, which the page leaves open.
    assert f"| {re.split(r' [0-9]|[.:,;]', found.words)[0]}" in MONITORING.read_text()


def test_a_store_that_is_gone_is_one_problem() -> None:
    assert codes(facts(store_gone="x", store="/mnt/disk", error="y", lag_s=900, backup=None)) == ["store_gone"]
    assert codes(facts(store_gone="x", store="/mnt/disk", said=6))[0] == "silent"


def test_a_new_installation_gets_an_hour_for_its_first_proof() -> None:
    first = {"backup": None, "proof": None}
    assert codes(facts(**first, first_seen_at=(NOW - timedelta(minutes=59)).isoformat())) == []
    assert codes(facts(**first, first_seen_at=(NOW - timedelta(minutes=61)).isoformat())) == [
        "no_backup",
        "never_proven",
    ]


def test_the_gravest_comes_first_and_every_problem_says_what_helps() -> None:
    found = find_problems(facts(same_disk=True, proof=40), now=NOW)
    assert [problem.code for problem in found] == ["old_proof", "same_disk"]
    assert all(problem.remedy.endswith(".") and problem.words.endswith((".", "daily.")) for problem in found)
    assert "40 hours old" in found[0].words


def test_a_part_that_never_ran_is_one_problem_and_switched_off_is_none() -> None:
    nothing = Facts(said_at=None, detail={}, last_backup_at=None, last_proof_at=None)
    assert codes(nothing) == ["never_ran"]
    assert find_problems(Facts(None, {"off": True}, None, None), now=NOW) == []


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (119, "119 seconds"), (120, "2 minutes"), (7200, "2 hours"), (172_800, "2 days")],
)
def test_lengths_of_time(seconds: int, words: str) -> None:
    assert spell(timedelta(seconds=seconds)) == words
