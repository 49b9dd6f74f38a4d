"""Proofs of entries: docs/verify_entry.py believes what is true, and nothing else; members get only their own."""

import hashlib
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from localex.credits import services
from localex.embedded import roles
from localex.lib.errors import NotFound
from localex.lib.ids import new_id
from tests.credits.conftest import Town
from tests.credits.site import Site, inspect, seal
from tests.processes import run_python

SCRIPT = Path(__file__).parents[2] / "docs" / "verify_entry.py"


def verify(proof: Any, folder: Path, *words: str) -> tuple[int, str]:
    """What docs/verify_entry.py says in a process of its own, without anything of ours to import."""
    path = folder / "proof.json"
    path.write_text(json.dumps(proof))
    done = run_python("-I", SCRIPT, path, *words)
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


FORGED_HASH = {"content_hash": "ab" * 32}
FORGERIES: dict[str, tuple[str, Any]] = {
    "a larger amount": ("the posting and its legs", lambda p: p["legs"][0].update(amount=999)),
    "another leg": ("the posting and its legs", lambda p: p["legs"].append(dict(p["legs"][0], account=5))),
    "a bar in the number": ("missing or wrong", lambda p: p["posting"].update(journal_id="audit|7|x")),
    "a list for a text": ("missing or wrong", lambda p: p["posting"].update(journal_id=[p["posting"]["journal_id"]])),
    "a dictionary for a text": ("missing or wrong", lambda p: p["posting"].update(kind={"a|b": 1})),
    "a kind that is none": ("missing or wrong", lambda p: p["posting"].update(kind="\x1b[2JPROVEN")),
    "a truth for a number": ("missing or wrong", lambda p: p["legs"][0].update(seq=True)),
    "a leg less": ("the posting and its legs", lambda p: p["legs"].pop()),
    "a leg with words": ("missing or wrong", lambda p: p["legs"][0].update(amount="250")),
    "another time": ("the posting and its legs", lambda p: p["posting"].update(booked_at=1)),
    "another actor": ("the posting and its legs", lambda p: p["posting"].update(actor=str(uuid.uuid4()))),
    "another content hash": ("the posting and its legs", lambda p: p.update(FORGED_HASH)),
    "withheld to hide it": ("not in the tree", lambda p: p.update(FORGED_HASH, withheld=True, posting={}, legs=[])),
    "withheld with a claim": ("still claims", lambda p: (p.update(withheld=True), p["legs"][0].update(amount=77777))),
    "withheld with a date": ("still claims", lambda p: p.update(withheld=True, legs=[], posting={"booked_at": 1})),
    "withheld with legs": ("still claims", lambda p: p.update(withheld=True, posting={})),
    "a claim elsewhere": ("missing or wrong", lambda p: p.update(withheld=True, legs=[], posting={}, amount=77777)),
    "a claim that no hash holds": ("missing or wrong", lambda p: p["legs"][0].update(promised=77777)),
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


def test_a_file_that_says_two_things_of_one_name_proves_neither(site: Site, tmp_path: Path) -> None:
    """Python takes the last of two, people and other programs may take the first."""
    proof, _, _ = a_proof(site)
    text = json.dumps(proof)
    path = tmp_path / "proof.json"
    for name in ("amount", "am\\u006funt"):
        path.write_text(text.replace('"amount": 250', f'"{name}": 77777, "amount": 250'))
        assert "77777" in path.read_text()
        done = run_python("-I", SCRIPT, path, "--digest", proof["newest"]["digest"])
        assert (done.returncode, "stands twice" in done.stdout) == (1, True), done
    seal_file = tmp_path / "seal.json"
    seal_file.write_text((site.seals / "3.json").read_text().replace('"seal_no": 3', '"seal_no": 9, "seal_no": 3'))
    assert verify(proof, tmp_path, "--seal", str(seal_file))[0] == 1
    assert verify(proof, tmp_path, "--seal", str(site.seals / "3.json"))[0] == 0


def test_the_script_explains_itself_and_is_short(tmp_path: Path) -> None:
    done = run_python("-I", SCRIPT, "--help")
    assert "statement offers" in done.stdout
    assert len(SCRIPT.read_text().splitlines()) < 150
    assert run_python("-I", SCRIPT).returncode == 2


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
    for owner in (payee, payer):
        proof = proofs.prove_for_member(journal_id=posting.journal_id, community_id=town.id, owner=owner)
        assert proof["withheld"]
        assert (proof["posting"], proof["legs"]) == ({}, [])
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


def test_an_audit_row_never_passes_for_a_posting(site: Site, tmp_path: Path) -> None:
    """What somebody wrote as the words of a credit line, ending in a bar and so on, would be the text of a posting."""
    from django.db import connection

    from localex.credits import proofs

    town = site.town()
    owner = town.member()
    real = town.grant(owner, 100)
    tail = f"x|{town.id}|coordinator_grant|-|%s|-|-|{'ab' * 16}|7:3:100000000:100000000;9:9:-100000000:-100000000"
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger.set_credit_line(%s, %s, 0, NULL, %s)", [town.id, owner, tail % 1])
        cursor.execute("SELECT audit_id, at, (extract(epoch FROM at) * 1000000)::bigint, account_id FROM ledger.audits")
        (number, at, micros, account) = cursor.fetchall()[-1]
    seal()
    proof = proofs.prove(journal_id=real.journal_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT until FROM ledger.seals")
        assert at <= cursor.fetchone()[0]
    text = f"audit|{number}|{micros}|{town.id}|credit_line|{account}|0|0|-|{tail % 1}"
    content = hashlib.sha256(text.encode()).hexdigest()
    posting = dict(proof["posting"], journal_id=text.split(f"|{town.id}|coordinator", 1)[0], booked_at=1, actor=None)
    posting.update(reference=None, request_hash="ab" * 16, kind="coordinator_grant")
    legs = [
        {"account": 7, "seq": 3, "amount": 100000000, "balance_after": 100000000},
        {"account": 9, "seq": 9, "amount": -100000000, "balance_after": -100000000},
    ]
    for place in range(proof["seal"]["leaves"]):
        forged = dict(proof, posting=posting, legs=legs, content_hash=content, place=place)
        assert verify(forged, tmp_path, "--digest", proof["newest"]["digest"])[0] == 1
        # Nor does the hash alone.
        withheld = dict(proof, content_hash=content, withheld=True, place=place, posting={}, legs=[])
        code, said = verify(withheld, tmp_path, "--digest", proof["newest"]["digest"])
        assert (code, "not in the tree" in said) == (1, True)


def test_the_leaves_are_those_that_are_documented(site: Site) -> None:
    """docs/seals.md, formats: a byte for the type before the digest, and words as their digest."""
    from django.db import connection

    town = site.town()
    owner = town.member()
    words = "fee|of|ü"
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger.set_credit_line(%s, %s, 5, NULL, %s)", [town.id, owner, words])
    site_leaves = site.books.run("SELECT type, leaf FROM ledger.seal_leaves('-infinity', 'infinity')", role=roles.SUPER)
    (row,) = site.books.run(
        "SELECT audit_id, (extract(epoch FROM at) * 1000000)::bigint, community_id, what, account_id, before, after"
        " FROM ledger.audits",
        role=roles.SUPER,
    )
    parts = "|".join(["audit", *map(str, row), "-", hashlib.sha256(words.encode()).hexdigest()])
    assert (2, hashlib.sha256(b"\3" + hashlib.sha256(parts.encode()).digest()).digest()) in [
        (kind, bytes(leaf)) for kind, leaf in site_leaves
    ]


def test_a_file_that_makes_the_reader_stumble_says_so_in_one_line(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    deep = "[" * 100_000
    hostile = '{"format": "localex-proof-1", "not_sealed_yet": "\\u001b[2JPROVEN: it is"}'
    for text, code in (
        (deep, 2),
        ("\x1b[2J", 2),
        (hostile, 1),
        ('{"a": ' * 100_000, 2),
        ("9" * 5000, 2),
        ("\ud800", 2),
    ):
        path.write_bytes(text.encode(errors="surrogatepass"))
        done = run_python("-I", SCRIPT, path, "--digest", "00" * 32)
        assert (done.returncode, len(done.stdout.splitlines()), done.stderr) == (code, 1, ""), done
        assert "\x1b" not in done.stdout
        assert "PROVEN: it is" not in done.stdout
