"""What members do on the pages of credits, and what they read there."""

import re
from datetime import datetime
from typing import Any

from django.test import Client

from localex.credits import services
from localex.lib.ids import new_id
from localex.members.models import Member
from tests.credits.conftest import in_days


def hold(
    payer: Member,
    amount: int,
    *,
    payee: Member | None = None,
    fees: tuple[int, int] = (0, 0),
    expires_at: datetime | None = None,
) -> Any:
    """Set hundredths aside for a new trade, whose id it answers. `fees`: the buyer's and the seller's."""
    trade_id = new_id()
    services.hold(
        key=new_id(),
        community_id=payer.community_id,
        trade_id=trade_id,
        payer=payer.ledger_ref,
        payee=payee.ledger_ref if payee else None,
        amount=amount,
        buyer_fee=fees[0],
        seller_fee=fees[1],
        expires_at=expires_at or in_days(),
        actor=None,
    )
    return trade_id


def words(browser: Client, address: str = "/credits/") -> str:
    """The page as one line of text."""
    answer = browser.get(address)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    body = answer.content.decode().partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())
