"""The drill finds what a backup must not have, and leaves nothing behind; the engine is tested elsewhere."""

import dataclasses
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from localex.backup import drill, records
from localex.backup.drill import Outcome, run_drill
from localex.backup.errors import BackupDamaged, Busy, StoreFull
from localex.backup.facts import APPEND_ONLY, LASTING, read_facts
from localex.backup.keys import Keys
from localex.backup.manifest import LedgerSeal, Manifest
from localex.backup.proof import judge
from localex.backup.results import Restored
from localex.backup.stores import FolderStore
from localex.cli.up import clear_drill
from localex.embedded import roles
from localex.embedded.binaries import postgres_bin
from localex.embedded.cluster import Cluster
from localex.embedded.directory import DataDirectory, DirectoryLock
from localex.embedded.processes import ProcessRecord, start_time
from tests.backup.manifests import make_manifest
from tests.servers import Servers, forge_credits, run_out, temporary_folder

pytestmark = pytest.mark.slow


@pytest.fixture
def place() -> Iterator[Path]:
    """A data directory that the database's user can enter."""
    folder = temporary_folder("lx-drill-")
    folder.chmod(0o755)
    DataDirectory(folder / "data").prepare()
    yield folder / "data"
    shutil.rmtree(folder, ignore_errors=True)


def manifest_of(servers: Servers, database: str) -> Manifest:
    """What a backup made now would say."""
    with servers.connect(roles.SUPER, database) as superuser:
        facts = read_facts(superuser)
    return dataclasses.replace(
        make_manifest(facts.now),
        system_identifier=facts.system_identifier,
        segment_size=facts.segment_size,
        schema_fingerprint=facts.schema_fingerprint,
        postgres_version=facts.postgres_version,
        database=database,
        row_counts=facts.row_counts,
        ledger_seal=facts.ledger_seal,
    )


def copy_cluster(servers: Servers, into: Path) -> None:
    """All files of the running test cluster, with its passwords, as a restore would lay them down."""
    scratch = DataDirectory(into)
    scratch.prepare()
    shutil.copytree(servers.directory.secrets, scratch.secrets, dirs_exist_ok=True)
    user = servers.directory.server_user
    programs = postgres_bin(user, servers.directory.engine)
    subprocess.run(
        [programs / "pg_basebackup", "-d", servers.url(roles.SUPER, "postgres"), "-D", scratch.postgres, "-c", "fast"],
        check=True,
        capture_output=True,
    )
    for path in (scratch.postgres, *scratch.postgres.rglob("*")):
        user.own(path)


def restoring(servers: Servers, database: str, **changes: Any) -> Callable[..., Restored]:
    """Stands for the engine's restore; `changes` are made to the manifest."""
    manifest = manifest_of(servers, database)

    def restore(store: Any, keys: Any, *, backup_id: str, into: Path, report: Any) -> Restored:
        copy_cluster(servers, into)
        counts = manifest_of(servers, database).row_counts
        changed = dataclasses.replace(manifest, **changes)
        return Restored(changed, into, datetime.now(UTC), 0, 1, 3, 0, counts, 2.5)

    return restore


def run(place: Path, restore: Callable[..., Restored]) -> Outcome:
    """One drill, after which nothing must be left."""
    directory = DataDirectory(place)
    outcome = run_drill(directory, FolderStore(place / "backups"), Keys.prepare(directory.secrets), restore=restore)
    assert not (place / drill.SCRATCH).exists()
    return outcome


def failed(outcome: Outcome) -> list[str]:
    return [line.what for line in outcome.lines if not line.ok]


def test_a_good_backup_is_proven(servers: Servers, database: str, place: Path) -> None:
    outcome = run(place, restoring(servers, database))
    assert outcome.ok, outcome.lines
    whats = [line.what for line in outcome.lines]
    assert whats[:2] == ["Restore", "Start"]
    assert {"Ledger I1", "Ledger I6", "Rows", "Seal"} <= set(whats)
    assert outcome.seconds_per_gb == pytest.approx(2.5 / 0.06)
    assert "restored in 2 s and checked" in outcome.summary()["words"]


def test_a_credit_from_nowhere_is_found(servers: Servers, database: str, place: Path) -> None:
    forge_credits(servers, database)
    outcome = run(place, restoring(servers, database))
    assert not outcome.ok
    assert "Ledger I1" in failed(outcome)
    assert "Ledger I1" in outcome.summary()["words"]


def test_holds_that_ran_out_since_the_backup_are_no_broken_books(servers: Servers, database: str, place: Path) -> None:
    """A town that was away for two hours: its worker returns them first, and so does the drill."""
    with servers.connect(roles.APP, database) as app:
        community, member, payee, trade = (str(uuid4()) for _ in range(4))
        app.execute("SELECT ledger.open_community(%s)", [community])
        for owner in (member, payee):
            app.execute("SELECT ledger.open_member(%s, %s)", [community, owner])
        app.execute("SELECT ledger.grant_credits(uuidv7(), %s, %s, 100, 'starter_grant', NULL)", [community, member])
        app.execute(
            "SELECT ledger.hold_credits(uuidv7(), %s, %s, %s, %s, 30, 0, 0, now() + interval '1 day', NULL)",
            [community, trade, member, payee],
        )
    with servers.connect(roles.SUPER, database) as superuser:
        for table in ("hold", "audit"):
            superuser.execute(f"ALTER TABLE ledger.{table} DISABLE TRIGGER refuse_outside".encode())
        superuser.execute(run_out("2 hours").encode())
        for table in ("hold", "audit"):
            superuser.execute(f"ALTER TABLE ledger.{table} ENABLE ALWAYS TRIGGER refuse_outside".encode())
        assert superuser.execute("SELECT count(*) FROM ledger.broken_i6").fetchone() == (1,)
    outcome = run(place, restoring(servers, database))
    assert outcome.ok, outcome.lines


def test_rows_and_seals_are_compared_with_the_manifest(servers: Servers, database: str, place: Path) -> None:
    counts = manifest_of(servers, database).row_counts
    for changes, what, words in (
        ({"row_counts": {**counts, "ledger.journal": 7}}, "Rows", "had 7 when it was backed up"),
        ({"row_counts": {**counts, "public.members_user": 1000}}, "Rows", "public.members_user has 0 rows"),
        ({"row_counts": {**counts, "public.gone": 1}}, "Rows", "public.gone is missing"),
        ({"ledger_seal": LedgerSeal(12, "ab" * 32)}, "Seal", "seal 12"),
    ):
        outcome = run(place, restoring(servers, database, **changes))
        assert failed(outcome) == [what]
        assert words in next(line.words for line in outcome.lines if not line.ok)


# What jobs.prune, notifications.prune and the like take away, and what an import replaces.
TIDIED = {
    "public.account_emailconfirmation",
    "public.credits_checkrun",
    "public.django_session",
    "public.effect_done",
    "public.job",
    "public.listings_listingphoto",
    "public.media_photo",
    "public.members_attemptcount",
    "public.notifications_mail",
    "public.notifications_notice",
    "public.operations_run",
    "public.operations_status",
    "public.places_mapsheet",
    "public.places_postcode",
    "public.schedule",
    "public.trading_placeoption",
    "public.trading_timeproposal",
}
FRAMEWORK = ("public.auth_", "public.django_", "public.members_user_")


def test_housekeeping_after_the_backup_is_no_loss(servers: Servers, database: str, place: Path) -> None:
    """`jobs.prune` runs every hour, and the drill restores to after it."""
    counts = manifest_of(servers, database).row_counts
    outcome = run(place, restoring(servers, database, row_counts=counts | dict.fromkeys(TIDIED, 1617)))
    assert outcome.ok, outcome.lines


def test_it_is_decided_for_every_table_whether_its_rows_last(servers: Servers, database: str) -> None:
    """A new table belongs to those that the drill compares, or to those that are tidied up."""
    counts = manifest_of(servers, database).row_counts
    lasting = {*APPEND_ONLY, *LASTING}
    assert not lasting & TIDIED
    known = lasting | TIDIED | {"ledger.sealing"}
    assert {name for name in counts if not name.startswith(FRAMEWORK)} <= known
    assert known <= set(counts)


def test_a_restore_that_fails_is_a_drill_that_failed(place: Path) -> None:
    def restore(*words: Any, **more: Any) -> Restored:
        raise BackupDamaged("base-00001.tar.zst.age was changed.")

    outcome = run(place, restore)
    assert failed(outcome) == ["Restore"]
    assert "was changed" in outcome.summary()["words"]


def test_a_disk_without_room_says_nothing_about_the_backup(place: Path) -> None:
    """Its words are those of a drill, and nobody writes down that the backup failed."""

    def restore(*words: Any, **more: Any) -> Restored:
        raise StoreFull("The disk that holds /small has only 3 MB left and the restore needs 400 MB. Choose --into.")

    with pytest.raises(StoreFull) as full:
        run(place, restore)
    assert full.value.message.startswith("The disk that holds /small has only 3 MB left and the restore needs 400 MB. ")
    assert "`localex drill --scratch DIR`" in full.value.message
    assert "--into" not in full.value.message
    assert not (place / drill.SCRATCH).exists()


def test_a_killed_drill_is_cleared_away(servers: Servers, place: Path) -> None:
    """Its server may still run when the next drill begins."""
    scratch = DataDirectory(place / drill.SCRATCH)
    copy_cluster(servers, scratch.root)
    cluster = Cluster.of(scratch, drill.SETTINGS)
    cluster.start()
    pid = int((scratch.postgres / "postmaster.pid").read_text().splitlines()[0])
    record = ProcessRecord(pid, start_time(pid))
    assert drill.remove_leftovers(DataDirectory(place))
    cluster.stop()
    assert not record.is_alive
    assert not scratch.root.exists()
    assert not drill.remove_leftovers(DataDirectory(place))


def test_a_start_clears_what_a_killed_drill_left_and_nothing_of_a_living_one(place: Path) -> None:
    """What is left is the whole town in the clear; with backups switched off nobody else would look."""
    directory = DataDirectory(place)
    scratch = place / drill.SCRATCH
    (scratch / "postgres").mkdir(parents=True)
    (scratch / "postgres" / "letters").write_text("dear")
    lock = DirectoryLock(directory, drill.LOCK)
    assert lock.try_acquire()
    clear_drill(directory)
    assert scratch.exists()
    lock.release()
    clear_drill(directory)
    assert not scratch.exists()
    assert not drill.clear_leftovers(directory)


def test_two_drills_do_not_meet(place: Path) -> None:
    def restore(*words: Any, **more: Any) -> Restored:
        with pytest.raises(Busy):
            run_drill(DataDirectory(place), *words)
        raise BackupDamaged("enough.")

    assert failed(run(place, restore)) == ["Restore"]


def test_runs_are_written_down_and_read_again(servers: Servers, database: str, place: Path) -> None:
    """By hand or by the backup part: what was tried and how far it came is there for whoever judges it."""
    url = servers.url(roles.APP, database)
    outcome = run(place, restoring(servers, database))
    number = records.begin_run(url, "drill", started_at=outcome.started_at)
    busy = records.begin_run(url, "drill", started_at=outcome.started_at)
    assert records.end_run(url, number, finished_at=datetime.now(UTC), ok=True, detail=outcome.summary())
    assert records.drop_run(url, busy)

    drills = records.list_drills(url)

    assert drills is not None
    assert [drill.restored_to for drill in drills] == [outcome.restored_to]
    assert judge(drills, store=str(place / "backups")).proven_to == outcome.restored_to
    assert judge(drills, store="/mnt/elsewhere").proven_to is None
    with servers.connect(roles.OWNER, database) as owner:
        assert owner.execute("SELECT count(*) FROM operations_run").fetchone() == (1,)
        owner.execute("DROP TABLE operations_run")
    assert records.list_drills(url) is None
    assert not records.drop_run(url, number)
