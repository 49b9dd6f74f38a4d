#!/usr/bin/env python3
"""Check, on any machine with Python 3.9 or later and nothing else, that an entry is in the sealed books of a LocalEx.

  python3 verify_entry.py PROOF --seal SEAL_FILE     against a published seal that you have from somebody you trust
  python3 verify_entry.py PROOF --digest HEX         against the digest of such a seal, written down long ago

PROOF is the file that your statement offers. It is measured by a seal file or a digest, both on the page "Our credits":
keep one, or have it from another member. It may be of the seal of the entry or of any later one. What is checked: the
file holds nothing but numbers, digests and known words; the posting and its legs give the content hash (left out when a
leg would show another member's balance); the legs sum to zero, or it was refused and has none; the content hash, marked
as a posting's, is a leaf of the Merkle tree (RFC 9162) of its seal; the digests of the seal and all later ones follow
one from the other; one of them is the one that you gave.
So nobody has changed or backdated the entry since that seal was made.
Exit code 0: proven; 1: not; 2: nothing was checked (wrong usage, or a file that cannot be read or is of another kind).
"""

# ruff: noqa: T201
import argparse
import json
import re
import sys
from hashlib import sha256

UUID, HASH = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "[0-9a-f]{64}"
LEG = ["account", "seq", "amount", "balance_after"]
POSTING = ["journal_id", "community_id", "kind", "reason", "booked_at", "actor", "reference", "request_hash"]
TEXTS = {
    **dict.fromkeys(["journal_id", "community_id", "actor", "reference"], UUID),
    **dict.fromkeys(["content_hash", "root", "previous", "digest", "path", "later"], HASH),
    "kind": "(starter|coordinator)_grant|referral_bonus|hold|release|refund|expiry"
    "|protection(_funding)?|clearing_(in|out)",
    "reason": "account_closed|already_granted|hold_(exists|ended|expired|not_expired)|insufficient_credits"
    "|limit_reached|linked_refused|other_payee",
    "format": "localex-(proof|seal)-1",
    "request_hash": "[0-9a-f]{32}",
}


def need(holds, why, code=1):
    if not holds:
        print(("NOT PROVEN: " if code == 1 else "NOTHING WAS CHECKED: ") + why)
        sys.exit(code)


def clean(name, value):
    """Whether what a file has under a name is of the kind that belongs there, and so is all within it."""
    if isinstance(value, dict):
        return name in ("file", "posting", "legs", "seal", "newest") and all(clean(*item) for item in value.items())
    if isinstance(value, list):
        return name in ("legs", "path", "later") and all(clean(name, each) for each in value)
    if value is None or name == "withheld":
        return name in ("reason", "actor", "reference", "after") or type(value) is bool
    return bool(re.fullmatch(TEXTS[name], value)) if name in TEXTS else type(value) is int and abs(value) < 2**63


def load(path, form):
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError, RecursionError) as error:  # in ASCII: the text may be a stranger's
        need(False, f"{path!a} cannot be read ({str(error)!a})", 2)
    need(isinstance(found, dict) and found.get("format") == form, f"{path!a} is not a file of the kind {form}", 2)
    need("not_sealed_yet" not in found, "the entry was not sealed yet: get the file again in a quarter of an hour")
    need(clean("file", found), "something in a file is missing or wrong")
    return found


def text_hash(*parts):
    """SHA-256, in hex, of the parts as text with bars between; '-' stands for what is not there."""
    return sha256("|".join("-" if part is None else str(part) for part in parts).encode()).hexdigest()


def climb(leaf, place, count, path):
    """The root to which a path leads from a leaf (RFC 9162, section 2.1.3.2), or None when it cannot be one."""
    if not 0 <= place < count:
        return None
    node, last = sha256(b"\0" + leaf).digest(), count - 1
    for sibling in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            node = sha256(b"\1" + sibling + node).digest()
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = sha256(b"\1" + node + sibling).digest()
        place, last = place >> 1, last >> 1
    return node.hex() if last == 0 else None


def seal_digest(seal):
    names = ["seal_no", "after", "until", "leaves", "root", "sealed_at"]
    return text_hash("localex-seal-1", seal["previous"], text_hash(*(seal[name] for name in names)))


def verify(proof, trusted):
    """Refuse a proof that does not lead to the trusted digest; returns the number of its seal."""
    posting, legs, seal = proof["posting"], proof["legs"], proof["seal"]
    if not proof["withheld"]:
        text = ";".join(":".join(map(str, leg)) for leg in sorted([leg[name] for name in LEG] for leg in legs))
        found = text_hash(*(posting[name] for name in POSTING), text or None)
        need(found == proof["content_hash"], "the posting and its legs do not give the content hash")
        need(sum(leg["amount"] for leg in legs) == 0, "the legs do not sum to zero")
        need((posting["reason"] is None) == bool(legs), "the legs are not those of a posting")
    leaf = sha256(b"\4" + bytes.fromhex(proof["content_hash"])).digest()
    root = climb(leaf, proof["place"], seal["leaves"], [bytes.fromhex(node) for node in proof["path"]])
    need(root == seal["root"], f"the content hash is not in the tree of seal {seal['seal_no']}")
    need((seal["after"] or 0) < posting["booked_at"] <= seal["until"], "it is dated outside the time of its seal")
    digest, number = seal_digest(seal), seal["seal_no"]
    need(digest == seal["digest"], f"the digest of seal {number} does not follow from what it says")
    digests = {digest: number}
    for body in proof["later"]:
        digest, number = text_hash("localex-seal-1", digest, body), number + 1
        digests[digest] = number
    found = {"seal_no": number, "digest": digest}
    need(found == proof["newest"], "the chain of seals does not end where the proof says")
    need(trusted in digests, f"the digest that you gave is none of seals {seal['seal_no']} to {number}")
    return digests[trusted]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("proof", help="the proof, a JSON file")
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--seal", help="a published seal, a JSON file")
    given.add_argument("--digest", help="the digest of a published seal, 64 hex digits")
    arguments = parser.parse_args()
    try:
        proof, digest = load(arguments.proof, "localex-proof-1"), "".join((arguments.digest or "").split()).lower()
        if arguments.seal:
            known = load(arguments.seal, "localex-seal-1")
            digest = seal_digest(known)
            need(digest == known["digest"], "the seal file that you gave is damaged: its digest does not follow")
        need(re.fullmatch(HASH, digest), "a digest has 64 hex digits", 2)
        number, seal = verify(proof, digest), proof["seal"]
    except (ValueError, KeyError, TypeError, AttributeError):
        need(False, "something in a file is missing or wrong")
    print(f"PROVEN: it is among the {seal['leaves']} rows of seal {seal['seal_no']}, and you know seal {number}.")
    if proof["withheld"]:
        print(f"  Only the content hash {proof['content_hash']} is proven:")
        print("  the text behind it would show another member's balance. What it says of your legs is not proven.")
        sys.exit(0)
    print(f"  posting {proof['posting']['journal_id']} ({proof['posting']['kind']})")
    for leg in proof["legs"]:
        print("  account {account}, entry {seq}: {amount:+} hundredths, {balance_after} afterwards".format(**leg))


if __name__ == "__main__":
    main()
