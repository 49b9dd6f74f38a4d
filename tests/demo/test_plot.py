"""The story, before anything is written: deterministic, possible, and interesting where visitors look."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from localex.demo.cast import INVITATIONS, Role
from localex.demo.plot import PRESENT, SOLD, Outcome, Size, plan

ANCHOR = datetime(2026, 11, 22, 15, 7, tzinfo=UTC)


def test_the_same_moment_gives_the_same_story() -> None:
    assert plan(ANCHOR) == plan(ANCHOR)


def test_the_town_is_whole() -> None:
    plot = plan(ANCHOR)
    assert len(plot.neighbours) == 60
    assert len(plot.showings) == 300
    assert len({showing.owner.number for showing in plot.showings}) > 50
    assert {deal.outcome for deal in plot.deals} == set(Outcome)
    assert len(plot.deals) >= 50 + len(PRESENT)
    assert Counter(each.expires for each in plot.showings)[True] == 4


def test_nothing_happens_before_it_can() -> None:
    plot = plan(ANCHOR)
    published = {each.entry.key: each.published_at for each in plot.showings}
    for deal in plot.deals:
        shown_at = published[deal.entry_key]
        assert shown_at is not None
        assert deal.owner.settled_at < shown_at < deal.offered_at < ANCHOR
        assert deal.maker.settled_at <= deal.offered_at
        assert deal.owner is not deal.maker
    for each in plot.showings:
        assert each.published_at is None or each.published_at < ANCHOR


def test_each_thing_is_dealt_once_and_nobody_overspends() -> None:
    plot = plan(ANCHOR)
    assert len({deal.entry_key for deal in plot.deals}) == len(plot.deals)
    spent: Counter[int] = Counter()
    earned: Counter[int] = Counter()
    for deal in plot.deals:
        if deal.outcome in SOLD:
            spent[deal.buyer.number] += deal.price
            earned[deal.seller.number] += deal.price
    for neighbour in plot.neighbours:
        assert spent[neighbour.number] <= 100_00 + 40_00 + earned[neighbour.number]


def test_invited_roles_have_what_their_introduction_says() -> None:
    plot = plan(ANCHOR)

    def outcomes(role: Role) -> Counter[Outcome]:
        return Counter(deal.outcome for deal in plot.deals if role in {deal.owner.role, deal.maker.role})

    assert outcomes(Role.BUYER)[Outcome.ON_THE_WAY] == outcomes(Role.PARTNER)[Outcome.ON_THE_WAY] == 1
    assert outcomes(Role.RECEIVER)[Outcome.MEETING] == 1
    assert outcomes(Role.SELLER)[Outcome.OPEN] >= 3
    assert outcomes(Role.SELLER)[Outcome.UNREVIEWED] == 1
    newcomer = [each for each in plot.showings if each.owner.role is Role.NEWCOMER]
    assert [each.published_at for each in newcomer] == [None]
    assert {invitation.role for invitation in INVITATIONS} < set(Role)


def test_a_small_town_has_the_same_shape() -> None:
    plot = plan(ANCHOR, Size(neighbours=14, listings=45, completed=4, most_shots=1))
    assert len(plot.neighbours) == 14
    assert len(plot.showings) == 45
    assert max(each.entry.shots for each in plot.showings) == 1
    assert plot.thanks[0][1] > ANCHOR - timedelta(days=120)
