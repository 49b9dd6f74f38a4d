#!/usr/bin/env python3
"""Check, on any machine with Python 3.9 or later and nothing else, that an entry is in the sealed books of a LocalEx.

  python3 verify_entry.py PROOF --seal SEAL_FILE     against a published seal that you have from somebody you trust
  python3 verify_entry.py PROOF --digest HEX         against the digest of such a seal, written down long ago

PROOF is the file that your statement offers; a seal file or its digest is on the page "Our credits": keep one, or have
it from another member, of the seal of the entry or of any later one. Checked is: the file holds only known names,
once each, numbers, digests and known words; the posting and its legs give the content hash (both are left out when they
would show another member's balance) and sum to zero; the content hash, as a posting's, is in the Merkle tree (RFC 9162)
of its seal; the digests from there on follow one from the other to yours: nobody changed or backdated the entry since.
Exit code 0: proven; 1: not; 2: nothing was checked (wrong usage, or a file that cannot be read or is of another kind).
"""

# ruff: noqa: T201, SIM905, PIE800
import argparse
import json
import re
import sys
from hashlib import sha256

UUID, HASH = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "[0-9a-f]{64}"
LEG = ["account", "seq", "amount", "balance_after"]
POSTING = ["journal_id", "community_id", "kind", "reason", "booked_at", "actor", "reference", "request_hash"]
SEAL = ["previous", "digest", "seal_no", "after", "until", "leaves", "root", "sealed_at"]
NAMES = {"posting": POSTING, "legs": LEG, "seal": SEAL, "newest": SEAL, "localex-seal-1": ["format", *SEAL]}
NAMES["localex-proof-1"] = "format posting legs withheld content_hash place path seal later newest".split()
TEXTS = {
    **dict.fromkeys(["journal_id", "community_id", "actor", "reference"], UUID),
    **dict.fromkeys(["content_hash", "root", "previous", "digest", "path", "later"], HASH),
    "kind": "(starter|coordinator)_grant|referral_bonus|hold|release|refund|expiry"
    "|protection(_funding)?|clearing_(in|out)",
    "reason": "account_closed|already_granted|hold_(exists|ended|(not_)?expired)|insufficient_credits"
    "|limit_reached|linked_refused|other_payee",
    **{"format": "localex-(proof|seal)-1", "request_hash": "[0-9a-f]{32}"},
}


def need(holds, why, code=1):
    if not holds:
        print(("NOT PROVEN: " if code == 1 else "NOTHING WAS CHECKED: ") + why)
        sys.exit(code)


def clean(name, value):
    """Whether what a file has under a name is of the kind that belongs there, and so is all within it."""
    if isinstance(value, dict):
        return name in NAMES and all(part in NAMES[name] and clean(part, found) for part, found in value.items())
    if isinstance(value, list):
        return name in ("legs", "path", "later") and all(clean(name, each) for each in value)
    if value is None or name == "withheld":
        return name in ("reason", "actor", "reference", "after") or type(value) is bool
    return bool(re.fullmatch(TEXTS[name], value)) if name in TEXTS else type(value) is int and abs(value) < 2**63


def once(pairs):
    need(len(dict(pairs)) == len(pairs), "a name stands twice in a file, so it says two things")
    return dict(pairs)


def load(path, form):
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file, object_pairs_hook=once)
    except (OSError, ValueError, RecursionError) as error:  # in ASCII: the text may be a stranger's
        need(False, f"{path!a} cannot be read ({str(error)!a})", 2)
    need(isinstance(found, dict) and found.get("format") == form, f"{path!a} is not a file of the kind {form}", 2)
    need("not_sealed_yet" not in found, "the entry was not sealed yet: get the file again in a quarter of an hour")
    need(clean(form, found), "something in a file is missing or wrong")
    return found


def text_hash(*parts):
    """SHA-256, in hex, of the parts as text with bars between; '-' stands for what is not there."""
    return sha256("|".join("-" if part is None else str(part) for part in parts).encode()).hexdigest()


def climb(leaf, place, count, path):
    """The root to which a path leads from a leaf (RFC 9162, section 2.1.3.2), or "" when it cannot be one."""
    node, last = sha256(b"\0" + leaf).digest(), count - 1
    for sibling in path if 0 <= place < count else []:
        if last == 0:
            return ""
        if place & 1 or place == last:
            node = sha256(b"\1" + sibling + node).digest()
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = sha256(b"\1" + node + sibling).digest()
        place, last = place >> 1, last >> 1
    return node.hex() if last == 0 and place == 0 else ""


def seal_digest(seal):
    return text_hash("localex-seal-1", seal["previous"], text_hash(*(seal[name] for name in SEAL[2:])))


def verify(proof, trusted):
    """Refuse a proof that does not lead to the trusted digest; returns the number of its seal."""
    posting, legs, seal = proof["posting"], proof["legs"], proof["seal"]
    if proof["withheld"]:
        need((posting, legs) == ({}, []), "it withholds the posting and still claims something of it")
    else:
        text = ";".join(":".join(map(str, leg)) for leg in sorted([leg[name] for name in LEG] for leg in legs))
        found = text_hash(*(posting[name] for name in POSTING), text or None)
        need(found == proof["content_hash"], "the posting and its legs do not give the content hash")
        need(sum(leg["amount"] for leg in legs) == 0, "the legs do not sum to zero")
        need((posting["reason"] is None) == bool(legs), "the legs are not those of a posting")
        need((seal["after"] or 0) < posting["booked_at"] <= seal["until"], "it is dated outside the time of its seal")
    leaf = sha256(b"\4" + bytes.fromhex(proof["content_hash"])).digest()
    root = climb(leaf, proof["place"], seal["leaves"], [bytes.fromhex(node) for node in proof["path"]])
    need(root == seal["root"], f"the content hash is not in the tree of seal {seal['seal_no']}")
    digest, number = seal_digest(seal), seal["seal_no"]
    need(digest == seal["digest"], f"the digest of seal {number} does not follow from what it says")
    digests = {digest: number}
    for body in proof["later"]:
        digest, number = text_hash("localex-seal-1", digest, body), number + 1
        digests[digest] = number
    need({"seal_no": number, "digest": digest} == proof["newest"], "the chain does not end where the proof says")
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
    withheld = f"  Only the content hash is proven, and nothing of what it stands for: {proof['content_hash']}"
    print("  posting {journal_id} ({kind})".format(**proof["posting"]) if proof["posting"] else withheld)
    for leg in proof["legs"]:
        print("  account {account}, entry {seq}: {amount:+} hundredths, {balance_after} afterwards".format(**leg))


if __name__ == "__main__":
    main()
