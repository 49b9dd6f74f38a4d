"""What members do on the pages of credits, and what they read there."""

import re
from typing import Any

from django.test import Client

from localex.credits import services
from localex.lib.ids import new_id
from localex.members.models import Member
from tests.credits.conftest import in_days


def hold(member: Member, amount: int) -> Any:
    trade_id = new_id()
    services.hold(
        key=new_id(),
        community_id=member.community_id,
        trade_id=trade_id,
        payer=member.ledger_ref,
        amount=amount,
        expires_at=in_days(),
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
