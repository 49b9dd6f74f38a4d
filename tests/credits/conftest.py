"""A community with its accounts, made through the services."""

import dataclasses
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, connections, transaction
from psycopg.conninfo import conninfo_to_dict

from localex.credits import services
from localex.credits.services import Posting
from localex.embedded import roles
from localex.lib import clock
from localex.lib.ids import new_id
from tests.servers import Servers

if TYPE_CHECKING:
    from django.test import Client

    from localex.members.models import Member


def in_days(days: float = 3) -> datetime:
    """A deadline that far from now."""
    return clock.now() + timedelta(days=days)


MOMENT = 0.2 / 86_400  # days: a deadline for `wait_until_past`


def wait_until_past(trade_id: uuid.UUID) -> None:
    """Wait until the deadline of a hold has passed by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_sleep(greatest(0, extract(epoch FROM expires_at - clock_timestamp())) + 0.01)"
            " FROM ledger.holds WHERE trade_id = %s",
            [trade_id],
        )


def posted(owner: uuid.UUID) -> dict[str, int]:
    """What lies in each account of an owner, by kind."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind::text, posted FROM ledger.accounts WHERE owner = %s", [owner])
        return dict(cursor.fetchall())


@dataclasses.dataclass(frozen=True)
class Town:
    """A community of the ledger and what tests do there; amounts are hundredths."""

    id: uuid.UUID = dataclasses.field(default_factory=uuid.uuid4)

    def member(self, *, gift: int = 0, main: int = 0) -> uuid.UUID:
        """A new member; `main` comes to them the only way there is, released from a trade."""
        owner = uuid.uuid4()
        services.open_member(community_id=self.id, owner=owner)
        if main:
            self.release(self.hold(self.member(gift=main), main), owner)
        if gift:
            self.grant(owner, gift)
        return owner

    def grant(
        self, owner: uuid.UUID, amount: int, *, key: uuid.UUID | None = None, reason: str = "coordinator"
    ) -> Posting:
        return services.grant(
            key=key or new_id(), community_id=self.id, owner=owner, amount=amount, reason=reason, actor=None
        )

    def hold(
        self,
        payer: uuid.UUID,
        amount: int,
        *,
        key: uuid.UUID | None = None,
        days: float = 3,
        payee: uuid.UUID | None = None,
        fees: tuple[int, int] = (0, 0),
    ) -> uuid.UUID:
        """Set aside for a new trade, whose id it answers. `fees`: the buyer's and the seller's."""
        trade_id = new_id()
        services.hold(
            key=key or new_id(),
            community_id=self.id,
            trade_id=trade_id,
            payer=payer,
            payee=payee,
            amount=amount,
            buyer_fee=fees[0],
            seller_fee=fees[1],
            expires_at=in_days(days),
            actor=payer,
        )
        return trade_id

    def release(self, trade_id: uuid.UUID, payee: uuid.UUID, *, key: uuid.UUID | None = None) -> Posting:
        return services.release(key=key or new_id(), trade_id=trade_id, payee=payee, actor=None)

    def refund(self, trade_id: uuid.UUID, *, key: uuid.UUID | None = None) -> Posting:
        return services.refund(key=key or new_id(), trade_id=trade_id, actor=None)

    def balance(self, owner: uuid.UUID) -> tuple[int, int]:
        """(available, held)"""
        from localex.credits import queries

        found = queries.find_balance(community_id=self.id, owner=owner)
        return found.available, found.held

    def check(self) -> None:
        """Fails when an invariant is broken in this community."""
        # Late: models, which pytest must not load before Django is set up.
        from localex.credits import queries

        broken = [result for result in queries.run_checks(community_id=self.id) if not result.holds]
        assert broken == []


@pytest.fixture
def member(db: None) -> "Member":
    """A confirmed member with the starter grant of 100 credits."""
    from tests import town

    return town.new_member(town.found_community())


@pytest.fixture
def browser(member: "Member") -> "Client":
    """A browser in which `member` is signed in."""
    from tests.town import browser_of

    return browser_of(member)


@pytest.fixture
def town(db: None) -> Town:
    """A town in a transaction that is rolled back."""
    found = Town()
    services.open_community(community_id=found.id)
    return found


@pytest.fixture
def committed_town(committed_db: None) -> Town:
    """A town whose postings commit, for races."""
    found = Town()
    services.open_community(community_id=found.id)
    return found


@pytest.fixture
def fragile_town(servers: Servers, django_db_setup: None, django_db_blocker: Any) -> Iterator[Town]:
    """A town that may be damaged: Django is a superuser here, in a transaction that is rolled back."""
    ours = connections["default"]
    theirs = connections.create_connection("default")
    superuser = conninfo_to_dict(servers.url(roles.SUPER))
    options = {key: value for key, value in theirs.settings_dict["OPTIONS"].items() if key != "pool"}
    theirs.settings_dict = {
        **theirs.settings_dict,
        "USER": superuser["user"],
        "PASSWORD": superuser["password"],
        "OPTIONS": options,
    }
    connections["default"] = theirs
    try:
        with django_db_blocker.unblock(), transaction.atomic():
            found = Town()
            services.open_community(community_id=found.id)
            yield found
            transaction.set_rollback(True)
    finally:
        theirs.close()
        connections["default"] = ours


@pytest.fixture
def site(
    servers: Servers, django_db_setup: None, django_db_blocker: Any, settings: Any, tmp_path: Path
) -> Iterator[Any]:
    """A tests.credits.site.Site."""
    from tests.credits.books import new_books
    from tests.credits.site import Site

    ours = connections["default"]
    settings.LOCALEX = settings.LOCALEX.model_copy(update={"data_dir": tmp_path})
    with new_books(servers) as books:
        theirs = connections.create_connection("default")
        options = {key: value for key, value in theirs.settings_dict["OPTIONS"].items() if key != "pool"}
        theirs.settings_dict = {**theirs.settings_dict, "NAME": books.name, "OPTIONS": options}
        connections["default"] = theirs
        try:
            with django_db_blocker.unblock():
                yield Site(books, tmp_path / "seals")
        finally:
            theirs.close()
            connections["default"] = ours
