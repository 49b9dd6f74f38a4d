"""The ledger on the operator page: its state, its stops, and how a community goes on."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from localex.credits import health, inspection, seals
from localex.credits import services as ledger_services
from localex.credits.models import CheckRun
from localex.jobs.models import Job
from localex.lib import clock
from localex.members.models import User
from localex.operations import ledger, tasks, wish
from localex.operations.decisions import describe_decisions
from localex.operations.ledger import MAX_REASON, find_ledger_problems
from tests import town

pytestmark = pytest.mark.django_db
PAGE = "/staff/operations/"
REASON = "The disk was exchanged; the restored books were compared."


def checked(
    *, ok: bool = True, minutes_ago: float = 1, results: list[dict[str, Any]] | None = None, scope: str = "full"
) -> CheckRun:
    """One run of the checker."""
    at = clock.now() - timedelta(minutes=minutes_ago)
    return CheckRun.objects.create(started_at=at, finished_at=at, scope=scope, ok=ok, results=results or [])


def text(client: Client, path: str = PAGE) -> str:
    return " ".join(client.get(path).content.decode().split())


def test_in_order(staff: Client) -> None:
    checked()
    assert find_ledger_problems() == []
    page = text(staff)
    assert "in order, 60 seconds ago" in page or "in order, 61 seconds ago" in page
    assert "What was decided" in page


def test_a_ledger_that_nobody_checks_is_said(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:

    for minutes, found in ((44, []), (46, ["unchecked"])):
        age = clock.now() - timedelta(minutes=minutes)
        monkeypatch.setattr(ledger, "find_installed_at", lambda age=age: age)
        assert [problem.code for problem in find_ledger_problems()] == found
    assert "The ledger was not checked yet." in text(staff)
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


def test_rows_of_the_night_stay_until_a_check_as_wide_finds_nothing(staff: Client, member: Any) -> None:
    """An incremental check that comes later looks at less, and takes nothing back: for staff, and for members."""
    offence = {"community_id": None, "subject": "entry 7/3", "detail": "the balance before was 5"}
    checked(ok=False, minutes_ago=30, results=[{"name": "I4", "words": "Entries", "count": 1, "offences": [offence]}])
    checked(scope="incremental")
    page = text(staff)
    assert "entry 7/3" in page
    assert "not in order: I4" in page
    assert "found something wrong" in text(staff, "/credits/community/")
    # After the community was founded, or it says nothing of it.
    checked(minutes_ago=0)
    assert "entry 7/3" not in text(staff)
    assert "Everything was in order" in text(staff, "/credits/community/")


def test_a_night_without_a_full_check_is_said(staff: Client) -> None:
    checked(minutes_ago=27 * 60)
    checked(scope="incremental")
    (problem,) = find_ledger_problems()
    assert problem.code == "unchecked_in_full"
    assert "Everything was not checked for 27 hours" in text(staff)


def test_a_new_installation_has_until_its_first_night(staff: Client) -> None:
    checked(scope="incremental", minutes_ago=60)
    checked(scope="incremental")
    assert find_ledger_problems() == []
    CheckRun.objects.all().delete()
    checked(scope="incremental", minutes_ago=27 * 60)
    checked(scope="incremental")
    assert [problem.code for problem in find_ledger_problems()] == ["unchecked_in_full"]


def work() -> None:
    """What the worker does: each wish that waits."""
    for community_id in wish.list_wishes():
        tasks.resume_community.func(community_id=community_id)


def test_a_stopped_community_goes_on_for_a_reason(staff: Client, member: Any) -> None:
    inspection.stop(community_id=member.community_id, words="Somebody looked at the books.")
    page = text(staff)
    assert f"{member.community.name}: nothing is booked since" in page
    assert "Somebody looked at the books." in page
    path, field = f"{PAGE}resume/{member.community_id}/", f"{member.community_id}-reason"

    short = staff.post(path, {field: "because"})
    assert short.status_code == 422
    assert "because" in short.content.decode()
    assert staff.post(path, {field: "x" * 470}).status_code == 422
    assert wish.list_wishes() == {}

    assert staff.post(path, {field: REASON}).status_code == 302
    # No check in the request: the worker makes it.
    assert not CheckRun.objects.exists()
    assert health.find_stop(member.community_id) is not None
    assert "somebody wants it to go on" in text(staff)
    assert Job.objects.filter(task="localex.operations.tasks.resume_community").count() == 1
    work()
    assert health.find_stop(member.community_id) is None
    page = text(staff)
    assert "Postings let go on" in page
    assert f"Account {member.user.pk}: {REASON}" in page
    # Who resumed it is named; the stop came from a command.
    assert f'<td data-label="Who">{member.display_name}</td>' in page
    assert '<td data-label="Who">no member</td>' in page
    assert member.user.email not in page.split("What was decided")[1]


def test_who_let_it_go_on_is_never_cut_off(staff: Client, member: Any) -> None:
    inspection.stop(community_id=member.community_id, words="Somebody looked at the books.")
    reason = "y" * MAX_REASON
    staff.post(f"{PAGE}resume/{member.community_id}/", {f"{member.community_id}-reason": reason})
    work()
    assert health.list_decisions()[0].words == f"Account {member.user.pk}: {reason}"


def test_a_ledger_out_of_order_needs_a_tick(staff: Client, member: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def resume(*, community_id: Any, actor: Any, words: str, despite: bool, progress: Any) -> bool:
        asked.append(despite)
        if not despite:
            raise inspection.ChecksFail("The ledger is not in order: I3.", kept="Postings stay stopped.")
        return True

    monkeypatch.setattr(inspection, "resume", resume)
    inspection.stop(community_id=member.community_id, words="Somebody looked at the books.")
    path, prefix = f"{PAGE}resume/{member.community_id}/", str(member.community_id)
    staff.post(path, {f"{prefix}-reason": REASON})
    assert f'name="{prefix}-despite"' not in text(staff)
    work()
    page = text(staff)
    assert "The ledger is not in order: I3. Postings stay stopped." in page
    assert f'name="{prefix}-despite"' in page
    assert staff.post(path, {f"{prefix}-reason": REASON, f"{prefix}-despite": "on"}).status_code == 302
    work()
    work()
    assert asked == [False, True]


def test_how_far_the_check_is_can_be_seen(staff: Client, member: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def resume(*, progress: Any, **_: Any) -> bool:
        progress(3, 8, "I4 Entries are numbered")
        seen.append(text(staff))
        return True

    monkeypatch.setattr(inspection, "resume", resume)
    inspection.stop(community_id=member.community_id, words="Somebody looked at the books.")
    staff.post(f"{PAGE}resume/{member.community_id}/", {f"{member.community_id}-reason": REASON})
    assert "The worker has not begun" in text(staff)
    work()
    assert '<progress max="8" value="3"' in seen[0]
    assert "3 of 8 checks made. Now: I4 Entries are numbered." in seen[0]
    assert "data-live" not in text(staff)


def test_rows_stand_by_check_with_their_community(staff: Client, member: Any) -> None:
    rows = [
        {"community_id": str(member.community_id), "subject": f"main account {n}", "detail": "wrong"} for n in range(2)
    ]
    odd = {"community_id": None, "subject": "function ledger.f()", "detail": "it is not there"}
    results = [
        {"name": "structure", "words": "Guards", "count": 1, "offences": [odd]},
        {"name": "I3", "words": "Every balance", "count": 5, "offences": rows},
    ]
    checked(ok=False, results=results)
    page = text(staff)
    assert page.index('id="broken-I3"') < page.index('id="broken-structure"')
    assert '<span class="ops-check">I3</span> Every balance' in page
    assert page.count(f'<span class="ops-where">{member.community.name}</span>') == 2
    assert "And 3 more" in page


def test_a_check_that_cannot_be_made_is_said(staff: Client, member: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def resume(**asked: Any) -> bool:
        raise TimeoutError

    monkeypatch.setattr(inspection, "resume", resume)
    inspection.stop(community_id=member.community_id, words="Somebody looked at the books.")
    staff.post(f"{PAGE}resume/{member.community_id}/", {f"{member.community_id}-reason": REASON})
    with pytest.raises(TimeoutError):
        work()
    assert "The check could not be made (TimeoutError). Postings stay stopped." in text(staff)


def test_what_to_do_comes_before_letting_go_on(staff: Client, member: Any) -> None:
    """Evidence first; and a later look at what is new does not read like an all-clear."""
    offence = {"community_id": str(member.community_id), "subject": "balance 7", "detail": "500 too much"}
    checked(ok=False, minutes_ago=9, results=[{"name": "I3", "words": "Balances", "count": 1, "offences": [offence]}])
    checked(scope="incremental")
    inspection.stop(community_id=member.community_id, words="A check found something.")
    (stopped, broken) = find_ledger_problems()
    assert "localex backup" in stopped.remedy
    page = text(staff)
    order = [
        "Keep evidence:",
        "Do not restore over anything.",
        "the rows</a>",
        "--read-only",
        "</ol>",
        "Let credits move again",
    ]
    places = [page.index(words, page.index("ops-steps")) for words in order]
    assert places == sorted(places)
    assert "found nothing more, 60 seconds ago" in page or "found nothing more, 61 seconds ago" in page
    assert broken.code == "broken"


def test_only_staff_and_only_by_a_form(staff: Client, member: Any) -> None:
    path = reverse("operations:resume", args=[member.community_id])
    assert staff.get(path).status_code == 405
    outsider = town.browser_of(town.new_member(member.community))
    assert outsider.post(path, {}).status_code == 302


def test_only_a_superuser_lets_credits_move_again(staff: Client, member: Any) -> None:
    member.user.is_superuser = False
    member.user.save()
    path = reverse("operations:resume", args=[member.community_id])
    assert staff.post(path, {}).status_code == 403
    assert wish.list_wishes() == {}


def test_what_waits_for_its_seal_for_too_long_is_said(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    checked(minutes_ago=120)
    checked()
    monkeypatch.setattr(health, "find_seal_age", lambda: timedelta(minutes=59))
    assert find_ledger_problems() == []
    monkeypatch.setattr(health, "find_seal_age", lambda: timedelta(minutes=61))
    assert [problem.code for problem in find_ledger_problems()] == ["unsealed"]
    assert "waited for its seal" in text(staff)


def test_what_an_installation_was_filled_with_waits_since_the_first_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "find_seal_age", lambda: timedelta(days=115))
    first = checked(minutes_ago=59)
    checked()
    assert find_ledger_problems() == []
    CheckRun.objects.filter(pk=first.pk).update(started_at=clock.now() - timedelta(minutes=61))
    assert [problem.code for problem in find_ledger_problems()] == ["unsealed"]


def test_whose_credit_line_it_is_and_that_it_grew_by_itself(staff: Client, member: Any) -> None:
    ledger_services.set_credit_line(
        community_id=member.community_id, owner=member.ledger_ref, limit=2_000, actor=None, words="Earned by 4 trades"
    )
    (row,) = [row for row in describe_decisions() if row["what"] == "Credit line"]
    assert (row["whose"], row["who"], row["change"]) == (member.display_name, "by itself", "0 → 20")
    page = text(staff)
    assert f'<a href="/staff/members/member/{member.pk}/change/">{member.display_name}</a>' in page


def test_the_last_seal_stands_whole_with_its_file(staff: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    monkeypatch.setattr(health, "find_last_seal", lambda: health.Seal(7, now, now, bytes(range(32))))
    page = text(staff)
    assert f"<code>{bytes(range(32)).hex()}</code>" in page
    assert 'href="/credits/seals/7.json"' in page


def test_staff_of_no_community_take_the_file_of_a_seal(settings: Any, tmp_path: Any) -> None:
    settings.LOCALEX = settings.LOCALEX.model_copy(update={"data_dir": tmp_path})
    seals.publisher().publish(4, "{}\n")
    person = User.objects.create_user(email="nobody@staff.example", password=None, is_staff=True)
    assert town.browser_of(person).get("/credits/seals/4.json").content == b"{}\n"
    person.is_staff = False
    person.save()
    assert town.browser_of(person).get("/credits/seals/4.json").status_code == 404
