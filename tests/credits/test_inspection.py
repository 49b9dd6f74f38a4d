"""Checks by themselves: what they keep, publish and stop, and how an operator lets postings go on."""

import dataclasses
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from localex.credits import errors, services
from localex.embedded import roles
from localex.lib.errors import NotFound
from localex.lib.ids import new_id
from tests.credits.books import Books, new_books
from tests.credits.conftest import Town
from tests.servers import Servers

GUARDED = ("account", "balance", "journal", "journal_first", "entry", "entry_first", "seal", "sealing")
AWAKE = b"""
SELECT format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', tgrelid::regclass, tgname) FROM pg_trigger t
JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal AND relnamespace = 'ledger'::regnamespace
"""
SCRIPT = Path(__file__).parents[2] / "docs" / "verify_entry.py"


@dataclasses.dataclass(frozen=True)
class Site:
    """Django on a database of its own, in which everything commits, with a data directory of its own."""

    books: Books
    seals: Path

    def damage(self, *statements: str) -> None:
        """What a superuser does with the guards switched off; it stays."""
        with self.books.connect(roles.SUPER) as superuser:
            for table in GUARDED:
                superuser.execute(f"ALTER TABLE ledger.{table} DISABLE TRIGGER USER".encode())
            for statement in statements:
                superuser.execute(statement.encode())
            for (again,) in superuser.execute(AWAKE).fetchall():
                superuser.execute(again.encode())

    def town(self) -> Town:
        found = Town()
        services.open_community(community_id=found.id)
        return found


@pytest.fixture
def site(
    servers: Servers, django_db_setup: None, django_db_blocker: Any, settings: Any, tmp_path: Path
) -> Iterator[Site]:
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


def inspect(scope: str = "full") -> Any:
    from localex.credits import inspection

    return inspection.inspect(scope=scope)


def result_of(run: Any, name: str = "I8") -> Any:
    """What a run says of one check."""
    return next(result for result in run.results if result["name"] == name)


def seal() -> int:
    from localex.credits import seals

    return seals.seal_everything(patience_s=5)


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
    assert [each.expected_digest() for each in chain] == [each.digest for each in chain]
    assert [each.previous for each in chain] == ["00" * 32, chain[0].digest, chain[1].digest]
    assert [each.seal_no for each in seals.list_seals(after_no=1, limit=1)] == [2]


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
    assert stopped[1] == inspection.FOUND
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


def verify(proof: Any, folder: Path, *words: str) -> tuple[int, str]:
    """What docs/verify_entry.py says in a process of its own, without anything of ours to import."""
    path = folder / "proof.json"
    path.write_text(json.dumps(proof))
    done = subprocess.run(
        [sys.executable, "-I", str(SCRIPT), str(path), *words], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def a_proof(site: Site) -> tuple[Any, Town, uuid.UUID]:
    """The proof of the second of four grants, in the first of three seals."""
    from localex.credits import proofs

    town = site.town()
    owner = town.member()
    town.grant(owner, 100)
    posting = town.grant(owner, 250, reason="coordinator")
    for amount in (7, 8):
        seal()
        town.grant(owner, amount, reason="coordinator")
    seal()
    assert inspect().ok
    return proofs.prove(journal_id=posting.journal_id), town, owner


def test_a_proof_holds_against_its_own_seal_and_every_later_one(site: Site, tmp_path: Path) -> None:
    proof, _, _ = a_proof(site)
    for number in (1, 2, 3):
        code, said = verify(proof, tmp_path, "--seal", str(site.seals / f"{number}.json"))
        assert code == 0, said
        assert f"among the {proof['seal']['leaves']} rows of seal 1, and you know seal {number}" in said
        assert "+250 hundredths" in said
    assert verify(proof, tmp_path, "--digest", proof["newest"]["digest"])[0] == 0
    code, said = verify(proof, tmp_path, "--digest", "00" * 32)
    assert code == 1
    assert "none of seals 1 to 3" in said


FORGERIES: dict[str, tuple[str, Any]] = {
    "a larger amount": ("the posting and its legs", lambda p: p["legs"][0].update(amount=999)),
    "another leg": ("the posting and its legs", lambda p: p["legs"].append(dict(p["legs"][0], account=5))),
    "a leg less": ("the posting and its legs", lambda p: p["legs"].pop()),
    "a leg with words": ("not a number", lambda p: p["legs"][0].update(amount="250")),
    "another time": ("the posting and its legs", lambda p: p["posting"].update(booked_at=1)),
    "another actor": ("the posting and its legs", lambda p: p["posting"].update(actor=str(uuid.uuid4()))),
    "another content hash": ("the posting and its legs", lambda p: p.update(content_hash="ab" * 32)),
    "withheld to hide it": ("not in the tree", lambda p: p.update(content_hash="ab" * 32, withheld=True)),
    "a cut path": ("not in the tree", lambda p: p["path"].pop()),
    "another path": ("not in the tree", lambda p: p["path"].__setitem__(0, "cd" * 32)),
    "another place": ("not in the tree", lambda p: p.update(place=p["place"] ^ 1)),
    "another root": ("not in the tree", lambda p: p["seal"].update(root="ef" * 32)),
    "another seal": ("not in the tree", lambda p: p["seal"].update(leaves=2)),
    "another end of the seal": ("digest of seal 1", lambda p: p["seal"].update(until=p["seal"]["until"] + 1)),
    "a seal that begins later": ("outside the time", lambda p: p["seal"].update(after=p["posting"]["booked_at"])),
    "another chain": ("does not end where", lambda p: p["later"].__setitem__(0, "01" * 32)),
    "a shorter chain": ("does not end where", lambda p: p["later"].pop()),
    "another newest seal": ("does not end where", lambda p: p["newest"].update(digest="02" * 32)),
    "a field gone": ("missing or wrong", lambda p: p.pop("seal")),
    "another format": ("knows", lambda p: p.update(format="other")),
}  # fmt: skip


def test_no_forged_proof_holds(site: Site, tmp_path: Path) -> None:
    proof, _, _ = a_proof(site)
    newest = proof["newest"]["digest"]
    for name, (words, forge) in FORGERIES.items():
        forged = json.loads(json.dumps(proof))
        forge(forged)
        code, said = verify(forged, tmp_path, "--digest", newest)
        assert code == 1, name
        assert words in said, (name, said)
    damaged = json.loads((site.seals / "3.json").read_text())
    (tmp_path / "other.json").write_text(json.dumps({**damaged, "leaves": 9}))
    assert verify(proof, tmp_path, "--seal", str(tmp_path / "other.json"))[0] == 1


def test_the_script_explains_itself_and_is_short(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-I", str(SCRIPT), "--help"], capture_output=True, text=True, check=True)
    assert "statement offers" in done.stdout
    assert len(SCRIPT.read_text().splitlines()) < 150
    assert subprocess.run([sys.executable, "-I", str(SCRIPT)], capture_output=True, check=False).returncode == 2
    assert verify([], tmp_path, "--digest", "00")[0] == 1


def test_a_member_gets_proofs_of_own_entries_only(site: Site, tmp_path: Path) -> None:
    from localex.credits import proofs

    town = site.town()
    payer, payee, stranger = town.member(gift=500), town.member(), town.member()
    trade = town.hold(payer, 200)
    posting = town.release(trade, payee)
    ask = {"community_id": town.id, "journal_id": posting.journal_id}
    with pytest.raises(proofs.NotSealedYet):
        proofs.prove_for_member(owner=payee, **ask)
    seal()
    proof = proofs.prove_for_member(owner=payee, **ask)
    assert not proof["withheld"]
    assert verify(proof, tmp_path, "--digest", proof["newest"]["digest"])[0] == 0
    for owner in (payer, stranger):  # what came out of escrow was the payer's no more
        with pytest.raises(NotFound):
            proofs.prove_for_member(owner=owner, **ask)
    with pytest.raises(NotFound):
        proofs.prove_for_member(owner=payee, community_id=uuid.uuid4(), journal_id=posting.journal_id)
    with pytest.raises(NotFound):
        proofs.prove_for_member(owner=payee, community_id=town.id, journal_id=new_id())


def test_the_balance_of_another_member_is_withheld(site: Site, tmp_path: Path) -> None:
    """A part of the price is captured: the rest goes back to the payer in the same posting."""
    from localex.credits import proofs

    town = site.town()
    payer, payee = town.member(gift=500), town.member()
    trade = town.hold(payer, 200)
    posting = services.capture(key=new_id(), trade_id=trade, payee=payee, amount=50, actor=payer)
    seal()
    for owner, amount in ((payee, 50), (payer, 150)):
        proof = proofs.prove_for_member(journal_id=posting.journal_id, community_id=town.id, owner=owner)
        assert proof["withheld"]
        assert [leg["amount"] for leg in proof["legs"]] == [amount]
        assert set(proof["posting"]) == {"journal_id", "kind", "booked_at"}
        code, said = verify(proof, tmp_path, "--digest", proof["newest"]["digest"])
        assert code == 0, said
        assert "Only the content hash" in said
    whole = proofs.prove(journal_id=posting.journal_id)
    assert len(whole["legs"]) == 3
    assert verify(whole, tmp_path, "--digest", whole["newest"]["digest"])[0] == 0


def test_a_refusal_is_proven_too(site: Site, tmp_path: Path) -> None:
    from localex.credits import proofs

    refusal = site.books.refuse(site.books.member())
    seal()
    proof = proofs.prove(journal_id=refusal)
    assert (proof["legs"], proof["posting"]["reason"]) == ([], "insufficient_credits")
    assert verify(proof, tmp_path, "--digest", proof["newest"]["digest"])[0] == 0
    with pytest.raises(NotFound):
        proofs.prove(journal_id=new_id())
    with pytest.raises(NotFound):
        proofs.find_journal(account_id=1, seq=99)


def test_the_download(client: Client, db: None) -> None:
    """A stranger is asked to sign in; nothing more is said."""
    assert client.get(f"/credits/proof/{new_id()}.json").status_code == 302


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


def test_holds_that_run_out_while_postings_are_stopped_keep_nobody_stopped(site: Site) -> None:
    from localex.credits import inspection

    town = site.town()
    payer = town.member(gift=50)
    town.hold(payer, 50)
    inspection.stop(community_id=town.id, words="A long look.")
    with site.books.connect(roles.SUPER) as superuser:
        superuser.execute("ALTER TABLE ledger.hold DISABLE TRIGGER refuse_outside")
        superuser.execute("UPDATE ledger.hold SET expires_at = now() - interval '2 hours'")
        superuser.execute("ALTER TABLE ledger.hold ENABLE ALWAYS TRIGGER refuse_outside")
    assert inspect().ok
    assert inspection.resume(community_id=town.id, actor=None, words="It was nothing.")
    assert inspect("incremental").ok
    assert town.balance(payer) == (50, 0)


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
