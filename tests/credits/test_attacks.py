"""The attack catalogue, run: what nobody refuses must be found."""

import re
from collections.abc import Iterator

import pytest

from tests.credits.attacks import CATALOGUE
from tests.credits.attacks.page import PAGE, build_page
from tests.credits.attacks.runner import ATTACKERS, POSTED, UNCHANGED, UNNOTICED, Ground
from tests.credits.attacks.shape import PAY_MYSELF, Attack, asleep, attack
from tests.servers import Servers

pytestmark = pytest.mark.slow

# The checker does not only say that something is wrong, but where.
NAMED = re.compile(
    r"(account|seal|audit row) \d|(journal|community|escrow of trade) [0-9a-f]{8}-|entry \d+/\d+|horizon of the seals"
    r"|ledger\.|of ledger_owner|itself fails"
    r"|member of |role the application|right on parameter |on runs of checks|event trigger |setting of "
)


@pytest.fixture(scope="module")
def ground(servers: Servers) -> Iterator[Ground]:
    with servers.scratch_database() as name:
        ground = Ground(servers, name)
        yield ground
        ground.close()
    ground.remove_roles()


@pytest.mark.parametrize("attacked", CATALOGUE, ids=lambda attacked: attacked.name)
def test_an_attack_is_refused_or_found(ground: Ground, attacked: Attack) -> None:
    for role, must_be_refused in ATTACKERS.values():
        outcome = ground.run(attacked, role)
        is_found = outcome.words.startswith("found") and not must_be_refused
        assert outcome.words.startswith("refused") or outcome.words in {UNCHANGED, POSTED} or is_found, (role, outcome)
        if is_found and outcome.words.startswith("found by"):
            assert NAMED.search(outcome.detail), outcome


def test_there_are_many_and_none_is_named_twice() -> None:
    names = [attacked.name for attacked in CATALOGUE]
    assert len(names) == len(set(names))
    assert len(names) >= 60


def test_the_page_says_what_came_of_each(ground: Ground) -> None:
    assert PAGE.read_text(encoding="utf-8") == build_page(ground), "run python scripts/write_attacks.py"


def test_the_ground_itself_notices_what_nobody_finds(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without the checks, the same comparison calls the same attack unnoticed."""
    harm = attack("control", "", *asleep("balance"), PAY_MYSELF)
    monkeypatch.setattr(type(ground.victim), "check", lambda victim, connection: [])
    assert ground.run(harm, "localex_super").words == UNNOTICED
    assert (
        ground.run(attack("typing error", "", "SELECT 1 FROM ledger.no_such_table"), "localex_super").words
        == "failed with 42P01"
    )
