"""Checks by themselves: what they keep, publish and stop, and how an operator lets postings go on."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localex.credits import errors
from localex.embedded import roles
from localex.lib.ids import new_id
from tests.credits.site import Site, chain_digest, inspect, result_of, seal


def test_the_task_seals_checks_and_publishes(site: Site) -> None:
    from localex.credits import health, tasks

    assert (health.find_last_check(), health.find_last_seal(), health.find_checked_until()) == (None, None, None)
    town = site.town()
    town.grant(town.member(), 100)
    tasks.seal_and_check.func()
    tasks.seal_and_check.func()
    sealed, run = health.find_last_seal(), health.find_last_check()
    assert sealed is not None
    assert run is not None
    assert (sealed.seal_no, run.ok, run.scope, run.sealed_until) == (1, True, "incremental", sealed.until)
    assert [path.name for path in site.seals.iterdir()] == ["1.json"]
    published = json.loads((site.seals / "1.json").read_text())
    assert (published["seal_no"], published["digest"]) == (1, sealed.digest.hex())
    tasks.check_everything.func()
    assert [each.scope for each in health.list_check_runs(limit=2)] == ["full", "incremental"]
    assert health.find_checked_until() == sealed.until


def test_the_published_digest_follows_in_python_too(site: Site) -> None:
    from localex.credits import seals

    for _ in range(3):
        site.books.grant(site.books.member())
        seal()
    chain = list(seals.list_seals())
    assert [each.seal_no for each in chain] == [1, 2, 3]
    assert [chain_digest(each.previous, each.body()) for each in chain] == [each.digest for each in chain]
    assert [each.previous for each in chain] == ["00" * 32, chain[0].digest, chain[1].digest]
    assert [each.seal_no for each in seals.list_seals(after_no=1, limit=1)] == [2]


@pytest.mark.parametrize("scope", ["full", "incremental"])
def test_a_community_without_its_row_is_stopped_like_any_other(site: Site, scope: str) -> None:
    town, other = site.town(), site.town()
    member = town.member(gift=5)
    site.damage(
        "ALTER TABLE ledger.community DISABLE TRIGGER USER",
        f"DELETE FROM ledger.community WHERE community_id = '{town.id}'",
    )
    town.grant(member, 5)
    run = inspect(scope)
    assert [each["subject"] for each in result_of(run, "I5")["offences"]] == [f"community {town.id}"]
    with pytest.raises(errors.PostingsStopped):
        town.grant(member, 5)
    other.grant(other.member(), 5)


def test_a_missing_file_is_named_and_published_again(site: Site) -> None:
    site.books.grant(site.books.member())
    seal()
    assert inspect().ok
    text = (site.seals / "1.json").read_text()
    (site.seals / "1.json").unlink()
    run = inspect()
    assert run.ok
    assert result_of(run)["notes"] == ["The published file of seal 1 was missing."]
    assert (site.seals / "1.json").read_text() == text
    assert result_of(inspect())["notes"] == []


@pytest.mark.parametrize("content", ["", "{}", "[]", "\x00\xff", None])
def test_a_file_that_differs_stops_everybody(site: Site, content: str | None) -> None:
    from localex.credits import health

    site.books.grant(site.books.member())
    seal()
    assert inspect().ok
    path = site.seals / "1.json"
    path.write_text(path.read_text().replace('"leaves": ', '"leaves": 1') if content is None else content)
    run = inspect("incremental")
    assert run.ok  # a matter of the full check: the seal was in order when it was new
    run = inspect()
    assert [result["name"] for result in run.results if result["count"]] == ["I8"]
    assert result_of(run)["offences"][0]["subject"] == "seal 1"
    assert [each.community_id for each in health.list_stops()] == [site.books.id]


def test_a_tail_that_was_cut_off_whole_is_known_from_the_files(site: Site) -> None:
    owner = site.books.member()
    site.books.grant(owner)
    seal()
    last = site.books.grant(owner)
    seal()
    assert inspect().ok
    site.damage(
        f"DELETE FROM ledger.entry WHERE journal_id = '{last}'",
        f"DELETE FROM ledger.journal WHERE journal_id = '{last}'",
        "UPDATE ledger.balance b SET seq = 1, posted = e.balance_after, last_at = e.booked_at FROM ledger.entry e"
        " WHERE e.balance_id = b.balance_id AND e.seq = 1 AND b.seq = 2",
        # Another issuer gave the last grant, perhaps: it has nothing left.
        "UPDATE ledger.balance b SET seq = 0, posted = 0, last_at = '-infinity' WHERE seq = 1"
        " AND NOT EXISTS (SELECT FROM ledger.entry e WHERE e.balance_id = b.balance_id)",
        "DELETE FROM ledger.seal WHERE seal_no = 2",
        "UPDATE ledger.sealing SET (horizon, sealed) = (SELECT until, until FROM ledger.seal)",
    )
    assert site.books.broken() == {}
    for scope in ("incremental", "full"):
        run = inspect(scope)
        assert result_of(run)["offences"] == [
            {"community_id": None, "subject": "seal 2", "detail": "it was published, but the database has none"}
        ]


def test_a_failure_stops_the_communities_concerned_and_no_other(site: Site) -> None:
    from localex.credits import health, inspection

    sound, broken = site.town(), site.town()
    member, other = sound.member(), broken.member(gift=50)
    key = new_id()
    site.damage(f"UPDATE ledger.balance SET posted = posted + 1 WHERE community_id = '{broken.id}' AND seq = 1")
    run = inspect("incremental")
    assert (run.ok, run.sealed_until) == (False, None)
    assert health.find_stop(sound.id) is None
    stopped = health.find_stop(broken.id)
    assert stopped is not None
    assert stopped.why == inspection.FOUND
    with pytest.raises(errors.PostingsStopped) as refused:
        broken.grant(other, 5, key=key)
    assert refused.value.status == 503
    sound.grant(member, 5)
    inspect("incremental")
    assert site.books.run("SELECT count(*) FROM ledger.audits WHERE what = 'stopped'") == [(1,)]

    with pytest.raises(inspection.ChecksFail, match="I1, I3"):
        inspection.resume(community_id=broken.id, actor=None, words="Let us see.")
    site.damage(f"UPDATE ledger.balance SET posted = posted - 1 WHERE community_id = '{broken.id}' AND seq = 1")
    assert inspection.resume(community_id=broken.id, actor=None, words="Put right.")
    assert not inspection.resume(community_id=broken.id, actor=None, words="Put right.")
    assert broken.grant(other, 5, key=key).repeated is False
    assert inspect().ok
    assert site.books.run("SELECT what, words FROM ledger.audits ORDER BY audit_id") == [
        ("stopped", inspection.FOUND),
        ("resumed", "Put right."),
    ]


def test_what_an_operator_knows_of_stops_nobody_again(site: Site) -> None:
    from localex.credits import health, inspection

    town = site.town()
    town.grant(town.member(), 5)
    site.damage(f"UPDATE ledger.balance SET posted = posted + 1 WHERE community_id = '{town.id}' AND seq = 1")
    inspect()
    assert inspection.resume(community_id=town.id, actor=None, words="We know.", despite=True)
    assert not inspect().ok
    assert not inspect("incremental").ok
    assert health.find_stop(town.id) is None
    site.damage(f"UPDATE ledger.balance SET posted = posted + 1 WHERE community_id = '{town.id}' AND seq = 1")
    inspect()
    assert health.find_stop(town.id) is not None


def _raise_a_balance(site: Site, town: Any, *, more: bool = True) -> None:
    sign = "+" if more else "-"
    site.damage(f"UPDATE ledger.balance SET posted = posted {sign} 1 WHERE community_id = '{town.id}' AND seq = 1")


def test_a_clock_that_was_ahead_is_let_go_on_once(site: Site) -> None:
    """Each seal moves the horizon; what the operator let go on knowing it reads the same the next time."""
    from localex.credits import health, inspection

    town = site.town()
    owner = town.member()
    site.damage("UPDATE ledger.sealing SET horizon = clock_timestamp() + interval '2 hours'")
    assert not inspect().ok
    assert health.find_stop(town.id) is not None
    for stopped in health.list_stops():
        inspection.resume(community_id=stopped.community_id, actor=None, words="The clock was ahead.", despite=True)
    town.grant(owner, 5)
    for _ in range(3):
        site.books.step()
    assert not inspect("incremental").ok
    assert health.list_stops() == []


def test_a_break_elsewhere_does_not_stop_who_goes_on_despite_their_own(site: Site) -> None:
    from localex.credits import health, inspection

    known, other = site.town(), site.town()
    for town in (known, other):
        town.grant(town.member(), 5)
    _raise_a_balance(site, known)
    inspect()
    inspection.resume(community_id=known.id, actor=None, words="We know.", despite=True)
    _raise_a_balance(site, other)
    inspect()
    assert health.find_stop(known.id) is None
    assert health.find_stop(other.id) is not None


def test_more_rows_than_are_kept_are_not_known(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from localex.credits import checks, health, inspection

    town = site.town()
    members = [town.member(gift=5) for _ in range(checks.MAX_OFFENCES + 2)]
    site.damage(f"UPDATE ledger.balance SET posted = posted + 1 WHERE community_id = '{town.id}' AND seq = 1")
    inspect()
    run = health.find_last_check()
    assert run is not None
    assert result_of(run, "I3")["counts"][str(town.id)] > len(result_of(run, "I3")["offences"])
    inspection.resume(community_id=town.id, actor=None, words="We know.", despite=True)
    # One is put right and another breaks: the count stays, and nobody kept which rows it was made of.
    gift = "(SELECT account_id FROM ledger.account WHERE owner = '{}' AND kind = '{}')"
    site.damage(
        f"UPDATE ledger.balance SET posted = posted - 1 WHERE balance_id = {gift.format(members[-1], 'gift')}",
        f"UPDATE ledger.balance SET posted = posted + 1 WHERE balance_id = {gift.format(members[-1], 'main')}",
    )
    inspect()
    assert health.find_stop(town.id) is not None


def test_a_failure_stays_open_until_a_check_as_wide_holds(site: Site) -> None:
    """The nightly check finds what is old; the next incremental one, which does not look there, takes nothing back."""
    from localex.credits import health

    town = site.town()
    town.grant(town.member(), 5)
    seal()
    assert inspect().ok
    assert health.list_open_failures() == []
    site.damage("UPDATE ledger.entry SET amount = amount + 1 WHERE seq = 1")
    night = inspect()
    assert not night.ok
    later = inspect("incremental")
    assert [run.id for run in health.list_open_failures()][-1] == night.id
    site.damage("UPDATE ledger.entry SET amount = amount - 1 WHERE seq = 1")
    assert inspect("incremental").ok
    assert [run.id for run in health.list_open_failures()] == [night.id], later.results
    assert inspect().ok
    assert health.list_open_failures() == []


def test_stop_and_resume_want_a_community_and_words(site: Site) -> None:
    from localex.credits import inspection

    with pytest.raises(errors.UnknownAccount):
        inspection.stop(community_id=uuid.uuid4(), words="Why not.")
    with pytest.raises(errors.UnknownAccount):
        inspection.resume(community_id=uuid.uuid4(), actor=None, words="Why not.")
    with pytest.raises(errors.InvalidPosting):
        inspection.stop(community_id=None, words="")
    town = site.town()
    assert inspection.stop(community_id=None, words="Everybody.") == 2
    assert inspection.stop(community_id=town.id, words="Again.") == 0


def test_seals_that_cannot_be_published_are_no_run(site: Site) -> None:
    """The disk is full, say: the job fails and is tried again, and nothing counts as published that is not."""
    from localex.credits import health

    site.books.grant(site.books.member())
    seal()
    site.seals.write_text("a file where the folder should be")
    with pytest.raises(OSError, match="seals"):
        inspect("incremental")
    assert health.find_last_check() is None
    site.seals.unlink()
    assert inspect("incremental").ok
    assert (site.seals / "1.json").exists()


def test_the_worker_does_it_every_quarter_of_an_hour_and_everything_at_night() -> None:
    from localex.jobs import schedules

    rhythms = {name: each.rhythm for name, each in schedules.declared().items() if name.startswith("credits.")}
    assert rhythms["credits.seal_and_check"] == "every 900 s"
    assert rhythms["credits.check_everything"] == "10 3 * * *"


def test_a_schema_that_was_changed_stops_nobody_and_keeps_no_check_back(site: Site) -> None:
    from localex.credits import health

    site.books.grant(site.books.member())
    seal()
    site.books.run("CREATE INDEX mine ON ledger.journal (actor)", role=roles.SUPER)
    run = inspect("incremental")
    assert not run.ok
    assert result_of(run, "structure")["count"] > 0
    assert health.list_stops() == []
    assert health.find_checked_until() == run.sealed_until is not None
    assert (site.seals / "1.json").exists()


def test_a_forged_run_lets_nothing_go_on(site: Site) -> None:
    """The application's role may write runs of checks: what one says was known or sealed is not believed by itself."""
    from localex.credits import health
    from localex.credits.models import CheckRun

    town = site.town()
    owner = town.member(gift=100)
    seal()
    site.damage(f"UPDATE ledger.balance SET floor = -7 WHERE balance_id = (SELECT account_id FROM ledger.account"
                f" WHERE owner = '{owner}' AND kind = 'main')")  # fmt: skip
    found = inspect()
    assert not found.ok
    site.books.run("SELECT ledger.resume_postings(%s, NULL, 'a forged reason')", town.id)
    CheckRun.objects.filter(pk=found.pk).update(resumed=[str(town.id)])
    CheckRun.objects.create(
        started_at=found.started_at, finished_at=found.finished_at, scope="full", ok=True, results=found.results,
        resumed=[str(town.id)], sealed_until=datetime(9000, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    last = health.find_last_seal()
    until = health.find_checked_until()
    assert last is not None
    assert until is None or until <= last.until
    inspect()
    assert [stop.community_id for stop in health.list_stops()] == [town.id]


def test_what_waits_for_its_seal_has_an_age(site: Site) -> None:
    from localex.credits import health

    town = site.town()
    owner = town.member()
    assert health.find_seal_age() is None
    town.grant(owner, 5)
    age = health.find_seal_age()
    assert age is not None
    assert timedelta() <= age < timedelta(minutes=5)
    seal()
    assert health.find_seal_age() is None
