"""What each service does, refuses and rejects."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from localex.credits import errors, queries, services
from localex.credits.models import Journal
from localex.lib import clock
from localex.lib.ids import new_id
from tests.credits.conftest import Town, in_days, wait_until_past


def test_opening_twice_changes_nothing(town: Town) -> None:
    owner = town.member(gift=100)
    services.open_community(community_id=town.id)
    services.open_member(community_id=town.id, owner=owner)
    assert town.balance(owner) == (100, 0)
    town.check()


def test_grant_goes_to_the_member_and_comes_from_the_issuer(town: Town) -> None:
    owner = town.member(gift=10_000)
    assert town.balance(owner) == (10_000, 0)
    assert queries.find_totals(community_id=town.id) == queries.Totals(10_000, 10_000, 0, 0)


def test_hold_takes_gift_credits_first_and_refund_puts_them_back_where_they_were(town: Town) -> None:
    payer = town.member(gift=100, main=250)
    trade = town.hold(payer, 300)
    assert town.balance(payer) == (50, 300)
    assert _posted(payer) == {"gift": 0, "main": 50}
    town.refund(trade)
    assert _posted(payer) == {"gift": 100, "main": 250}
    town.check()


def test_release_goes_to_the_main_account_of_the_payee(town: Town) -> None:
    payer, payee = town.member(gift=100), town.member()
    trade = town.hold(payer, 80)
    town.release(trade, payee)
    assert town.balance(payer) == (20, 0)
    assert _posted(payee) == {"gift": 0, "main": 80}
    assert (hold := queries.find_hold(trade_id=trade)) is not None
    assert (hold.state, hold.amount) == ("released", 80)
    town.check()


def test_nobody_holds_more_than_they_have(town: Town) -> None:
    payer = town.member(gift=100, main=50)
    with pytest.raises(errors.InsufficientCredits) as refused:
        town.hold(payer, 151)
    assert refused.value.status == 409
    assert refused.value.kept
    assert town.balance(payer) == (150, 0)


def test_a_refusal_is_kept_and_the_same_key_stays_refused(town: Town) -> None:
    payer, key, trade_id = town.member(gift=100), new_id(), new_id()
    request = {"key": key, "community_id": town.id, "trade_id": trade_id, "payer": payer, "amount": 101, "actor": None}
    for gift in (0, 50):
        if gift:
            town.grant(payer, gift)
        with pytest.raises(errors.InsufficientCredits):
            services.hold(expires_at=in_days(), **request)
    assert Journal.objects.get(journal_id=key).reason == "insufficient_credits"
    services.hold(expires_at=in_days(), **{**request, "key": new_id()})
    assert town.balance(payer) == (49, 101)
    town.check()


def test_a_refusal_goes_with_the_transaction_that_asked(town: Town) -> None:
    payer, key = town.member(gift=100), new_id()
    with pytest.raises(errors.InsufficientCredits), transaction.atomic():
        town.hold(payer, 101, key=key)
    assert not Journal.objects.filter(journal_id=key).exists()
    town.grant(payer, 1)
    town.hold(payer, 101, key=key)


def test_the_same_key_answers_with_the_first_outcome(town: Town) -> None:
    owner, key = town.member(), new_id()
    first = town.grant(owner, 100, key=key)
    second = town.grant(owner, 100, key=key)
    assert (first.repeated, second.repeated) == (False, True)
    assert second.booked_at == first.booked_at
    assert town.balance(owner) == (100, 0)


def test_a_retry_may_name_a_later_deadline_and_the_first_counts(town: Town) -> None:
    payer, key, trade_id = town.member(gift=100), new_id(), new_id()
    for days in (1, 2):
        services.hold(
            key=key,
            community_id=town.id,
            trade_id=trade_id,
            payer=payer,
            amount=40,
            expires_at=in_days(days),
            actor=None,
        )
    assert town.balance(payer) == (60, 40)
    assert (hold := queries.find_hold(trade_id=trade_id)) is not None
    assert hold.expires_at < in_days(1.5)


def test_every_kind_of_posting_repeats_under_its_key(town: Town) -> None:
    payer, payee = town.member(gift=100), town.member()
    trade, other, key, refund_key = town.hold(payer, 10), town.hold(payer, 20), new_id(), new_id()
    assert [town.release(trade, payee, key=key).repeated for _ in range(2)] == [False, True]
    assert [town.refund(other, key=refund_key).repeated for _ in range(2)] == [False, True]
    assert (town.balance(payer), town.balance(payee)) == ((90, 0), (10, 0))


def test_a_key_is_for_one_request_only(town: Town) -> None:
    owner, other, key = town.member(gift=500), town.member(), new_id()
    town.grant(owner, 100, key=key)
    for attempt in (
        lambda: town.grant(owner, 101, key=key),
        lambda: town.grant(other, 100, key=key),
        lambda: town.grant(owner, 100, key=key, reason="starter"),
        lambda: town.hold(owner, 100, key=key),
    ):
        with pytest.raises(errors.KeyReused), transaction.atomic():
            attempt()
    assert (town.balance(owner), town.balance(other)) == ((600, 0), (0, 0))


def test_keys_older_than_seven_days_are_rejected(town: Town) -> None:
    owner = town.member()
    with clock.shifted(timedelta(days=-7, minutes=-1)):
        old = new_id()
    with clock.shifted(timedelta(days=-6, hours=-23)):
        fresh = new_id()
    with pytest.raises(errors.KeyExpired), transaction.atomic():
        town.grant(owner, 100, key=old)
    town.grant(owner, 100, key=fresh)


def test_a_key_is_a_uuid_of_version_7(town: Town) -> None:
    with pytest.raises(errors.InvalidPosting), transaction.atomic():
        town.grant(town.member(), 100, key=uuid.uuid4())


@pytest.mark.parametrize("amount", [0, -1])
def test_amounts_are_positive(town: Town, amount: int) -> None:
    owner = town.member(gift=100)
    with pytest.raises(errors.InvalidPosting), transaction.atomic():
        town.grant(owner, amount)
    with pytest.raises(errors.InvalidPosting), transaction.atomic():
        town.hold(owner, amount)


def test_a_deadline_in_the_past_is_rejected(town: Town) -> None:
    with pytest.raises(errors.InvalidPosting), transaction.atomic():
        town.hold(town.member(gift=100), 10, days=-1)


def test_a_hold_ends_once(town: Town) -> None:
    payer, payee = town.member(gift=100), town.member()
    trade = town.hold(payer, 40)
    town.release(trade, payee)
    with pytest.raises(errors.HoldEnded):
        town.release(trade, payee)
    with pytest.raises(errors.HoldEnded):
        town.refund(trade)
    with pytest.raises(errors.HoldEnded):
        services.extend_hold(trade_id=trade, expires_at=in_days(9))
    assert (town.balance(payer), town.balance(payee)) == ((60, 0), (40, 0))
    town.check()


def test_a_trade_has_one_hold(town: Town) -> None:
    payer = town.member(gift=100)
    trade_id = town.hold(payer, 40)
    with pytest.raises(errors.HoldExists):
        services.hold(
            key=new_id(),
            community_id=town.id,
            trade_id=trade_id,
            payer=payer,
            amount=10,
            expires_at=in_days(),
            actor=None,
        )
    assert town.balance(payer) == (60, 40)


def test_an_expired_hold_can_only_be_refunded(town: Town) -> None:
    payer, payee = town.member(gift=100), town.member()
    trade = town.hold(payer, 40, days=0.2 / 86400)
    wait_until_past(trade)
    with pytest.raises(errors.HoldExpired):
        town.release(trade, payee)
    with pytest.raises(errors.HoldExpired):
        services.extend_hold(trade_id=trade, expires_at=in_days())
    town.refund(trade)
    assert (town.balance(payer), town.balance(payee)) == ((100, 0), (0, 0))


def test_a_deadline_moves_only_further_away(town: Town) -> None:
    trade = town.hold(town.member(gift=100), 40, days=3)
    services.extend_hold(trade_id=trade, expires_at=in_days(1))
    assert queries.find_hold(trade_id=trade).expires_at > in_days(2.9)  # type: ignore[union-attr]
    services.extend_hold(trade_id=trade, expires_at=in_days(8))
    assert queries.find_hold(trade_id=trade).expires_at > in_days(7.9)  # type: ignore[union-attr]


def test_trades_without_a_hold_are_unknown(town: Town) -> None:
    assert queries.find_hold(trade_id=new_id()) is None
    with pytest.raises(errors.UnknownHold), transaction.atomic():
        town.refund(new_id())
    with pytest.raises(errors.UnknownHold), transaction.atomic():
        services.extend_hold(trade_id=new_id(), expires_at=in_days())


def test_credits_do_not_cross_communities(town: Town) -> None:
    elsewhere = Town()
    services.open_community(community_id=elsewhere.id)
    payer, stranger = town.member(gift=100), elsewhere.member(gift=5)
    trade = town.hold(payer, 10)
    with pytest.raises(errors.UnknownAccount), transaction.atomic():
        town.release(trade, stranger)
    with pytest.raises(errors.UnknownAccount), transaction.atomic():
        town.grant(stranger, 10)
    assert town.balance(stranger) == (0, 0)


def test_a_closed_account_takes_part_in_nothing(town: Town) -> None:
    payer, payee = town.member(gift=100), town.member(gift=30)
    trade = town.hold(payer, 10)
    services.close_member(community_id=town.id, owner=payee)
    with pytest.raises(errors.AccountClosed):
        town.release(trade, payee)
    with pytest.raises(errors.AccountClosed):
        town.grant(payee, 10)
    with pytest.raises(errors.AccountClosed):
        town.hold(payee, 10)
    assert town.balance(payee) == (30, 0)
    with pytest.raises(errors.CreditsHeld), transaction.atomic():
        services.close_member(community_id=town.id, owner=payer)


def test_a_grant_says_why(town: Town) -> None:
    with pytest.raises(ValueError, match="because"):
        town.grant(town.member(), 10, reason="because")


def test_one_posting_is_one_round_trip(town: Town, django_assert_num_queries: object) -> None:
    owner = town.member(gift=100)
    with django_assert_num_queries(1):  # type: ignore[operator]
        trade = town.hold(owner, 40)
    with django_assert_num_queries(1):  # type: ignore[operator]
        town.release(trade, owner)


def test_time_is_the_databases_and_goes_on(town: Town) -> None:
    owner = town.member()
    with clock.shifted(timedelta(days=5)):
        moments = [town.grant(owner, 1).booked_at for _ in range(20)]
    assert moments == sorted(set(moments))
    assert abs(moments[-1] - datetime.now(UTC)) < timedelta(minutes=1)


def _posted(owner: uuid.UUID) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind::text, posted FROM ledger.accounts WHERE owner = %s", [owner])
        return dict(cursor.fetchall())
