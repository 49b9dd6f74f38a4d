"""Proofs of entries: docs/verify_entry.py believes what is true, and nothing else; members get only their own."""

import json
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from localex.credits import services
from localex.lib.errors import NotFound
from localex.lib.ids import new_id
from tests.credits.conftest import Town
from tests.credits.site import Site, inspect, seal

SCRIPT = Path(__file__).parents[2] / "docs" / "verify_entry.py"


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


def test_a_file_that_is_no_proof_is_not_called_a_false_one(site: Site, tmp_path: Path) -> None:
    proof, _, _ = a_proof(site)
    digest = proof["newest"]["digest"]
    for other in ([], {}, "proof", {**proof, "format": "localex-proof-9"}):
        assert verify(other, tmp_path, "--digest", digest)[0] == 2
    for wrong in ("00", ""):
        assert verify(proof, tmp_path, "--digest", wrong)[0] == 2
    (tmp_path / "text.json").write_text("no JSON")
    (tmp_path / "empty.json").write_text("{}")
    for name in ("nothing.json", "text.json", "empty.json", "proof.json"):
        code, said = verify(proof, tmp_path, "--seal", str(tmp_path / name))
        assert (code, said[:20]) == (2, "NOTHING WAS CHECKED:")
        assert name in said
    grouped = " ".join(digest[start : start + 8] for start in range(0, 64, 8)).upper()
    assert verify(proof, tmp_path, "--digest", grouped)[0] == 0


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
