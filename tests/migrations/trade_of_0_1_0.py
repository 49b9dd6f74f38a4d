"""What members do with LocalEx 0.1.0: run by its own code, on whatever schema there is.

`localex` and `tests.town` are those of the release (see test_previous_release.py), so this speaks its interface and
stays as it is. Every step is checked; the last line printed is `done`.
"""

import sys
from datetime import timedelta

import django

django.setup()

from django.db import transaction  # noqa: E402
from django.test import Client, override_settings  # noqa: E402

from localex.credits import queries as credits  # noqa: A004, E402
from localex.credits import services as ledger  # noqa: E402
from localex.credits.errors import HoldEnded, InsufficientCredits, KeyReused, UnknownHold  # noqa: E402
from localex.jobs.worker import run_until_idle  # noqa: E402
from localex.lib import clock, money  # noqa: E402
from localex.lib.ids import new_id  # noqa: E402
from localex.listings import queries as listings  # noqa: E402
from localex.notifications.queries import count_unread  # noqa: E402
from localex.trading import queries, services  # noqa: E402
from tests import town  # noqa: E402

PLAIN_FILES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}


def trade_something() -> None:
    """A straight trade from the listing to both reviews, with the credits where they should be at each step."""
    community = town.found_community()
    seller, buyer = town.new_member(community), town.new_member(community, shift=0.01)
    listing = town.new_listing(seller, price=30)
    assert [card.id for card in listings.list_newest(community_id=community.id)] == [listing.id]
    offer = town.new_offer(buyer, listing, price=25)
    assert [found.id for found in queries.list_open_offers_to(seller)] == [offer.id]
    with transaction.atomic():
        trade = services.accept_offer(actor=seller, offer_id=offer.id)
    held = credits.find_balance(community_id=community.id, owner=buyer.ledger_ref)
    assert (held.available, held.held) == (7500, 2500)
    hold = credits.find_hold(trade_id=trade.id)
    assert hold is not None
    assert (hold.amount, hold.state) == (2500, "held")
    done = town.complete(trade)
    assert done.state == "completed"
    with transaction.atomic():
        for member in (seller, buyer):
            services.write_review(actor=member, trade_id=trade.id, stars=5, text="Quick and friendly, thank you.")
    assert [review.stars for review in queries.list_reviews_about(seller)] == [5]
    assert credits.find_balance(community_id=community.id, owner=buyer.ledger_ref).total == 7500
    earned = credits.list_statement(community_id=community.id, owner=seller.ledger_ref, cursor=None, limit=10)
    assert [(line.kind, line.amount) for line in earned.items] == [("release", 2500), ("starter_grant", 10000)]
    totals = credits.find_totals(community_id=community.id)
    assert totals is not None
    assert (totals.issued, totals.with_members, totals.held) == (20000, 20000, 0)
    assert len(queries.list_events(trade=trade)) >= 8
    run_until_idle()  # notices and mails are written by jobs
    assert count_unread(seller) > 0
    show_pages(seller, [f"/listings/{listing.id}/", f"/trades/{trade.id}/"])


def cancel_something() -> None:
    """A trade that ends with the credits back."""
    community = town.found_community()
    seller, buyer = town.new_member(community), town.new_member(community)
    trade = town.new_trade(seller, buyer)
    with transaction.atomic():
        services.cancel_trade(actor=buyer, trade_id=trade.id)
    assert credits.find_balance(community_id=community.id, owner=buyer.ledger_ref).available == 10000
    assert [found.id for found in queries.list_closed_trades(buyer).items] == [trade.id]


def use_the_ledger() -> None:
    """Every function of the ledger that the release knows, with its refusals."""
    community = town.found_community()
    payer, payee = town.new_member(community), town.new_member(community)
    actor, trade, key = payer.ledger_ref, new_id(), new_id()
    until = clock.now() + timedelta(hours=1)
    words = {"community_id": community.id, "payer": payer.ledger_ref, "expires_at": until, "actor": actor}
    first = ledger.hold(key=key, trade_id=trade, amount=4000, **words)
    assert ledger.hold(key=key, trade_id=trade, amount=4000, **words).booked_at == first.booked_at
    refuses(KeyReused, lambda: ledger.hold(key=key, trade_id=trade, amount=1, **words))
    refuses(InsufficientCredits, lambda: ledger.hold(key=new_id(), trade_id=new_id(), amount=6001, **words))
    ledger.extend_hold(trade_id=trade, expires_at=until + timedelta(hours=1))
    ledger.refund(key=new_id(), trade_id=trade, actor=actor)
    refuses(HoldEnded, lambda: ledger.release(key=new_id(), trade_id=trade, payee=payee.ledger_ref, actor=actor))
    refuses(UnknownHold, lambda: ledger.refund(key=new_id(), trade_id=new_id(), actor=actor))
    # The release names referral bonuses and gives none, so the ledger may ask for more with them.
    grant = {"community_id": community.id, "owner": payee.ledger_ref, "amount": money.from_whole(5)}
    ledger.grant(key=new_id(), reason="coordinator", actor=None, **grant)
    ledger.close_member(community_id=community.id, owner=payee.ledger_ref)
    broken = [result.name for result in credits.run_checks() if not result.holds]
    assert not broken, broken


def refuses(error, act) -> None:
    """`act` raises `error`, in a transaction of its own."""
    try:
        with transaction.atomic():
            act()
    except error:
        return
    raise AssertionError(f"{error.__name__} was expected")


def show_pages(member, more) -> None:
    """The pages that read most, as a signed-in member."""
    with override_settings(STORAGES=PLAIN_FILES):
        browser = Client(HTTP_HOST="localhost")
        browser.force_login(member.user, backend="allauth.account.auth_backends.AuthenticationBackend")
        for path in ("/", "/browse/", "/credits/", "/trades/", "/me/listings/", "/inbox/", "/me/", *more):
            status = browser.get(path).status_code
            assert status == 200, (path, status)


def main() -> None:
    """All of it."""
    trade_something()
    cancel_something()
    use_the_ledger()
    sys.stdout.write("done\n")


if __name__ == "__main__":
    main()
