"""The table itself: closed, reachable, with a deadline for everything that can wait."""

from pathlib import Path

import pytest

from localex.trading.models import Trade
from localex.trading.states import (
    DEADLINES,
    ENDED_OFFERS,
    ENDED_TRADES,
    TABLE,
    Actor,
    Event,
    NotPossibleNow,
    OfferState,
    Subject,
    TradeState,
    get_step,
)
from tests.processes import run_python


def test_each_step_stands_once() -> None:
    steps = [(row.subject, row.state, row.event) for row in TABLE]
    assert len(steps) == len(set(steps))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.subject}-{row.state}-{row.event}")
def test_each_state_before_a_step_has_a_deadline_and_ends_by_itself(row) -> None:
    if row.state != TradeState.HANDED_OFF:
        assert (row.subject, row.state) in DEADLINES
        out = get_step(row.subject, row.state, Event.TIME_OUT)
        assert out.actor == Actor.CLOCK


def test_every_state_is_reached_and_the_ends_lead_nowhere() -> None:
    offers = {row.next for row in TABLE if row.subject == Subject.OFFER} | {OfferState.OFFERED}
    assert offers == set(OfferState)
    trades = {row.next for row in TABLE if row.subject == Subject.TRADE} | {TradeState.ACCEPTED}
    assert trades == set(TradeState)
    for state in ENDED_OFFERS:
        assert not [row for row in TABLE if row.subject == Subject.OFFER and row.state == state]
    for state in ENDED_TRADES:
        assert not [row for row in TABLE if row.subject == Subject.TRADE and row.state == state]


def test_what_is_not_in_the_table_is_refused_with_a_sentence() -> None:
    with pytest.raises(NotPossibleNow, match="the offer is now “withdrawn”"):
        get_step(Subject.OFFER, OfferState.WITHDRAWN, Event.ACCEPT)


def test_the_database_knows_the_same_states() -> None:
    field = Trade._meta.get_field("state")
    assert {value for value, _ in field.choices} == set(TradeState.values)


def test_the_pages_made_from_code_are_up_to_date() -> None:
    script = Path(__file__).parents[2] / "scripts" / "write_docs.py"
    result = run_python(script, "--check")
    assert result.returncode == 0, result.stdout
