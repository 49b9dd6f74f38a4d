"""The ledger on the operator page: its state, its stops, and how a community goes on."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from localex.credits import health, inspection
from localex.credits.models import CheckRun
from localex.lib import clock
from localex.operations.ledger import find_ledger_problems
from tests import town

pytestmark = pytest.mark.django_db
PAGE = "/staff/operations/"
REASON = "The disk was exchanged; the restored books were compared."


def checked(*, ok: bool = True, minutes_ago: float = 1, results: list[dict[str, Any]] | None = None) -> CheckRun:
    """One run of the checker."""
    at = clock.now() - timedelta(minutes=minutes_ago)
    return CheckRun.objects.create(started_at=at, finished_at=at, scope="full", ok=ok, results=results or [])


def text(client: Client, path: str = PAGE) -> str:
    return " ".join(client.get(path).content.decode().split())


def test_in_order(staff: Client) -> None:
    checked()
    assert find_ledger_problems() == []
    page = text(staff)
    assert "in order, 60 seconds ago" in page or "in order, 61 seconds ago" in page
    assert "What was decided" in page


def test_a_ledger_that_nobody_checks_is_said(staff: Client) -> None:
    assert [problem.code for problem in find_ledger_problems()] == ["unchecked"]
    checked(minutes_ago=50)
    assert [problem.code for problem in find_ledger_problems()] == ["unchecked"]
    assert "not checked for 50 minutes" in text(staff)


def test_offending_rows_are_shown(staff: Client) -> None:
    offence = {"community_id": None, "subject": "balance 7", "detail": "<b>500</b> more than its entries"}
    checked(ok=False, results=[{"name": "I3", "words": "Every balance", "count": 1, "offences": [offence]}])
    page = text(staff)
    assert "not in order: I3" in page
    assert "balance 7" in page
    assert "&lt;b&gt;500" in page
    assert "ops-banner" in text(staff, "/staff/")


def test_a_stopped_community_goes_on_for_a_reason(staff: Client, member: Any) -> None:
    inspection.stop(community_id=member.community_id, words="Somebody looked at the books.")
    page = text(staff)
    assert f"{member.community.name}: nothing is booked since" in page
    assert "Somebody looked at the books." in page
    path, field = f"{PAGE}resume/{member.community_id}/", f"{member.community_id}-reason"

    short = staff.post(path, {field: "because"})
    assert short.status_code == 422
    assert "because" in short.content.decode()
    assert health.find_stop(member.community_id) is not None

    assert staff.post(path, {field: REASON}).status_code == 302
    assert health.find_stop(member.community_id) is None
    page = text(staff)
    assert "Postings let go on" in page
    assert REASON in page
    assert member.user.email not in page.split("What was decided")[1]


def test_a_ledger_out_of_order_needs_a_tick(staff: Client, member: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def resume(*, community_id: Any, actor: Any, words: str, despite: bool) -> bool:
        asked.append(despite)
        if not despite:
            raise inspection.ChecksFail("The ledger is not in order: I3.", kept="Postings stay stopped.")
        return True

    monkeypatch.setattr(inspection, "resume", resume)
    inspection.stop(community_id=member.community_id, words="Somebody looked at the books.")
    path, prefix = f"{PAGE}resume/{member.community_id}/", str(member.community_id)
    refused = staff.post(path, {f"{prefix}-reason": REASON})
    assert refused.status_code == 409
    page = refused.content.decode()
    assert "The ledger is not in order: I3. Postings stay stopped." in page
    assert f'name="{prefix}-despite"' in page
    assert REASON in page
    assert staff.post(path, {f"{prefix}-reason": REASON, f"{prefix}-despite": "on"}).status_code == 302
    assert asked == [False, True]


def test_only_staff_and_only_by_a_form(staff: Client, member: Any) -> None:
    path = f"{PAGE}resume/{member.community_id}/"
    assert staff.get(path).status_code == 405
    outsider = Client()
    outsider.force_login(town.new_member(member.community).user)
    assert outsider.post(path, {}).status_code == 302
