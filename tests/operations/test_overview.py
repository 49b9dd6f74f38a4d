"""The operator page and the banner of the staff pages."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils.formats import date_format

from localex.credits import inspection
from localex.credits.models import CheckRun
from localex.lib import clock
from localex.lib.sizes import spell_bytes
from localex.operations import queries
from localex.operations.models import Run, Status

pytestmark = pytest.mark.django_db

GOOD = {"key_confirmed": True, "lag_s": 12, "store": "/mnt/other", "shipped_at": "2026-11-23T14:00:00+00:00"}


def ran(kind: str, *, ok: bool | None = True, hours_ago: float = 1, **detail: Any) -> Run:
    """One run that took a minute; a drill is of the own store, and brought back what was booked until it began."""
    started = clock.now() - timedelta(hours=hours_ago)
    if kind == "drill":
        detail = {"store": GOOD["store"], "restored_to": started.isoformat() if ok else None, **detail}
    ended = None if ok is None else started + timedelta(minutes=1)
    return Run.objects.create(kind=kind, started_at=started, finished_at=ended, ok=ok, detail=detail)


def said(**detail: Any) -> Status:
    """What the backup part said just now."""
    return Status.objects.create(name="backup", at=clock.now(), detail={**GOOD, **detail})


def text(client: Client, path: str = "/staff/operations/") -> str:
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_strangers_do_not_see_it(staff: Client, member: Any) -> None:
    assert Client().get("/staff/operations/").status_code == 302
    member.user.is_staff = False
    member.user.save()
    assert staff.get("/staff/operations/").status_code == 302


def test_all_is_well(staff: Client) -> None:
    CheckRun.objects.create(started_at=clock.now(), finished_at=clock.now(), scope="full", ok=True)
    ran("backup", bytes=4_200_000)
    ran("drill", words="restored in 3 s")
    said(backups=[{"id": "20261123T030000", "at": "2026-11-23T03:00:00+00:00", "bytes": 4_200_000}])
    page = text(staff)
    for words in (
        "Backups",
        "confirmed",
        "4.2 MB",
        "20261123T030000",
        "restored in 3 s",
        "Proven every day so far: 1 day.",
    ):
        assert words in page
    assert "What needs you" not in page
    index = text(staff, "/staff/")
    assert "ops-banner" not in index
    assert 'class="ops-entry" href="/staff/operations/"' in index
    assert 'class="ops-entry" href="/staff/operations/" aria-current="page"' in page
    assert 'rel="icon"' in index


def test_the_age_of_the_newest_safe_change_grows_by_itself(staff: Client) -> None:
    said(shipped_at=(clock.now() - timedelta(minutes=4, seconds=5)).isoformat(), lag_s=5)
    assert "4 minutes ago" in text(staff)


def test_what_was_not_looked_at_is_not_called_empty(staff: Client) -> None:
    said()
    assert "Not looked at yet" in text(staff)
    Status.objects.update(detail={**GOOD, "backups": [], "looked_at": "2026-11-23T03:00:00+00:00"})
    page = text(staff)
    # In the time of the community, like every other page; and the page says whose it is.
    assert (
        f"None yet, as of 23 November, 04:00. <code>localex backup --data-dir {settings.LOCALEX.data_dir}</code>"
        in page
    )
    assert "Times on the staff pages: Europe/Vienna, UTC+01:00." in page
    assert date_format(datetime(2026, 11, 23, 17, 5), "DATETIME_FORMAT") == "23 Nov 2026, 17:05"
    for path in ("/staff/", "/staff/members/member/", "/staff/trading/staffpayment/"):
        assert text(staff, path).count("Times on the staff pages: Europe/Vienna, UTC+01:00.") == 1


def test_what_is_wrong_is_loud_on_every_staff_page(staff: Client) -> None:
    ran("backup")
    ran("drill", ok=True, hours_ago=50)
    said(key_confirmed=False)
    page = text(staff)
    assert "The last proven restore is 2 days old" in page
    # Whoever pastes it hits this very town.
    assert f"<code>localex drill --data-dir {settings.LOCALEX.data_dir}</code>" in page
    for path in ("/staff/", "/staff/members/member/"):
        banner = text(staff, path)
        assert 'class="ops-banner" role="alert"' in banner
        assert "/staff/operations/" in banner
    assert "ops-banner" not in Client().get("/staff/login/").content.decode()


def test_a_failed_drill_outweighs_an_earlier_good_one(staff: Client) -> None:
    ran("backup")
    ran("drill", hours_ago=3)
    ran("drill", ok=False, hours_ago=1, error="row counts differ")
    said()
    page = text(staff)
    assert "The last restore drill failed" in page
    assert "row counts differ" in page


@pytest.mark.parametrize(
    "change", [{"store": "/mnt/elsewhere"}, {"restored_to": "2026-01-01T00:00:00+00:00"}, {"restored_to": None}]
)
def test_only_a_recent_state_of_the_own_store_is_a_proof(staff: Client, change: dict[str, Any]) -> None:
    """A drill of somebody else's folder, or of what is months old, proves nothing about today's backups."""
    ran("backup")
    ran("drill", hours_ago=30)
    ran("drill", hours_ago=1, **change)
    said()
    assert "The last proven restore is 30 hours old" in text(staff)
    days = queries.list_proven_days(today=clock.now().date(), store=str(GOOD["store"]), days=1)
    assert [day.state for day in days] != ["proven"]


def test_a_failure_elsewhere_is_none_here(staff: Client) -> None:
    ran("backup")
    ran("drill", hours_ago=3)
    ran("drill", ok=False, store="/mnt/elsewhere")
    said()
    assert "The last restore drill failed" not in text(staff)


def test_backups_that_pile_up_are_said(staff: Client) -> None:
    ran("backup")
    ran("drill")
    said(retention="backup 20261101T030000Z cannot be read, and until it can nothing is taken away.")
    assert "Old backups are not being removed: backup 20261101T030000Z" in text(staff)


def test_a_run_without_an_end_is_no_proof(staff: Client) -> None:
    ran("drill", ok=None)
    said()
    assert queries.find_backup_facts(queries.find_status()).last_proof_at is None
    assert "has not ended" in text(staff)


def test_an_empty_list_tells_nobody_to_create_what_they_may_not(staff: Client) -> None:
    page = text(staff, "/staff/trading/staffpayment/")
    assert "Nothing here yet" in page
    assert "Create a new item" not in page
    assert 'href="/staff/trading/trade/">trade</a> (compensate)' in page
    assert '<a href="?">Show all</a>' in text(staff, "/staff/trading/staffpayment/?q=nothing")


def test_what_runs_is_shown_with_how_long_it_took_last(staff: Client) -> None:
    ran("backup", hours_ago=24)
    ran("backup", ok=None, hours_ago=0.01)
    ran("drill", ok=None, hours_ago=13)
    said()
    page = text(staff)
    assert "<strong>Backup under way</strong>" in page
    assert '<progress max="60" value="3' in page
    assert "36 seconds so far. The last one took 60 s." in page
    # What began half a day ago was cut off.
    assert "Restore drill under way" not in page
    ran("backup", hours_ago=0)
    assert "data-live" not in text(staff)


def test_the_age_of_the_last_proof_stands_out(staff: Client) -> None:
    said()
    ran("backup")
    assert 'class="ops-proof is-state-none"' in text(staff)
    ran("drill", hours_ago=3)
    page = text(staff)
    assert 'class="ops-proof is-state-good"' in page
    assert '<p class="ops-proof-age">3 hours ago</p>' in page
    ran("drill", ok=False)
    page = text(staff)
    assert 'class="ops-proof is-state-bad"' in page
    assert "The drill after it failed." in page


def verdict(client: Client) -> str:
    found = re.search(r'<p class="ops-verdict is-(\w+)"><strong>(.*?)</strong>', text(client))
    assert found
    return f"{found[1]}: {found[2]}"


def test_the_page_begins_with_a_verdict(staff: Client) -> None:
    CheckRun.objects.create(started_at=clock.now(), finished_at=clock.now(), scope="full", ok=True)
    status = said(first_seen_at=clock.now().isoformat())
    ran("backup")
    assert verdict(staff) == "waiting: Not proven yet."
    ran("drill", hours_ago=3)
    assert verdict(staff) == "safe: Safe."
    assert "a restore was proven 3 hours ago" in text(staff)
    status.detail["same_disk"] = True
    status.save()
    assert verdict(staff) == "needs: Needs you."
    status.detail["key_confirmed"] = False
    status.save()
    assert verdict(staff) == "unsafe: Not safe."
    page = text(staff)
    assert page.index("ops-verdict") < page.index("As of") < page.index("What needs you")


def test_nothing_looks_safe_while_the_backups_are_gone(staff: Client) -> None:
    CheckRun.objects.create(started_at=clock.now(), finished_at=clock.now(), scope="full", ok=True)
    ran("backup")
    ran("drill", hours_ago=0.05)
    just_now = (clock.now() - timedelta(seconds=20)).isoformat()
    status = said(shipped_at=just_now)
    page = text(staff)
    assert "is-state-good" in page
    assert "is-bad" not in page
    status.detail |= {"store_gone": "x", "store_is_there": False}
    status.save()
    page = text(staff)
    assert verdict(staff) == "unsafe: Not safe."
    assert "/mnt/other is not there." in page
    assert "Only if the old backups are lost" in page
    assert "is-state-bad" in page
    assert "What was proven is gone from its place." in page
    # The newest backup, up to when changes are safe, and the place.
    for words in ("out of reach", "no further than", "not there"):
        assert f'<span class="ops-mark is-bad">{words}</span>' in page
    assert "not on the database" not in page
    assert "Out of reach." in page
    assert "makes one now" not in page.split("Kept backups")[1]
    status.detail["store_is_there"] = True
    status.save()
    assert "/mnt/other is there, but is not the store that was used." in text(staff)


@pytest.mark.parametrize("change", [{"key_confirmed": False}, {"error": "the disk is full"}, {"lag_s": 61}])
def test_a_proof_is_not_green_while_something_grave_is_known(staff: Client, change: dict[str, Any]) -> None:
    ran("backup")
    ran("drill", hours_ago=3)
    said(**change)
    assert 'class="ops-proof is-state-none"' in text(staff)


def test_changes_are_late_after_what_is_promised(staff: Client) -> None:
    for seconds, lag, is_late in ((110, 30, False), (130, 30, True), (70, 61, True)):
        Status.objects.all().delete()
        said(shipped_at=(clock.now() - timedelta(seconds=seconds)).isoformat(), lag_s=lag)
        assert ('<span class="ops-mark is-bad">late</span>' in text(staff)) == is_late


def test_an_end_has_a_result() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Run.objects.create(kind="drill", started_at=clock.now(), finished_at=clock.now())


def test_the_days_of_the_chart(db: None) -> None:
    today = clock.now().date()
    ran("drill", hours_ago=24 * 3)
    ran("drill", ok=False, hours_ago=24)
    days = queries.list_proven_days(today=today, store=str(GOOD["store"]), days=5)
    assert [day.state for day in days] == ["before", "proven", "none", "failed", "before"]


def test_few_queries_however_much_ran(
    staff: Client, django_assert_max_num_queries: Callable[[int], AbstractContextManager[Any]]
) -> None:
    for number in range(40):
        ran("drill", hours_ago=number * 12)
    said()
    # The page of one operator, asked now and then: what matters is that the number does not grow with what ran.
    with django_assert_max_num_queries(22):
        staff.get("/staff/operations/")


def test_sizes() -> None:
    assert [spell_bytes(count) for count in (12, 4_200, 3_000_000_000)] == ["12 bytes", "4.2 kB", "3.0 GB"]


def test_backups_are_loud_for_superusers_and_credits_that_stand_still_for_all_staff(staff: Client, member: Any) -> None:
    ran("backup")
    ran("drill")
    said(key_confirmed=False)
    assert "Nobody has confirmed a copy of the backup key." in text(staff, "/staff/")
    member.user.is_superuser = False
    member.user.save()
    assert "ops-banner" not in text(staff, "/staff/")
    inspection.stop(community_id=member.community_id, words="Somebody looks into it.")
    assert "Credits do not move" in text(staff, "/staff/")


def test_nobody_keeps_the_key_of_a_demo(staff: Client, settings: Any) -> None:
    ran("backup")
    ran("drill")
    said(key_confirmed=False)
    settings.LOCALEX = settings.LOCALEX.model_copy(update={"demo": True})
    index = text(staff, "/staff/")
    assert "ops-banner" not in index
    assert index.count("in a demo that does not matter") == 1
    Run.objects.filter(kind="drill").update(ok=False)
    assert "The last restore drill failed" in text(staff, "/staff/")
