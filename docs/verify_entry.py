#!/usr/bin/env python3
"""Check, on any machine with Python 3.9 or later and nothing else, that an entry is in the sealed books of a LocalEx.

  python3 verify_entry.py PROOF --seal SEAL_FILE     against a published seal that you have from somebody you trust
  python3 verify_entry.py PROOF --digest HEX         against the digest of such a seal, written down long ago

PROOF is the file that your statement offers. It is measured by a seal file or a digest, both on the page "Our credits":
keep one, or have it from another member. It may be of the seal of the entry or of any later one. What is checked:

  1. the posting and its legs give the content hash (left out when a leg would show another member's balance);
  2. the legs sum to zero, or the posting was refused and has none;
  3. the content hash is a leaf of the Merkle tree (RFC 9162) of its seal;
  4. the seal's digest follows from what it says, and the digests of the later seals from it, one after the other;
  5. one of these digests is the one that you gave.

So nobody has changed or backdated the entry since that seal was made.
Exit code 0: proven; 1: not; 2: nothing was checked (wrong usage, or a file that cannot be read or is of another kind).
"""

# ruff: noqa: T201
import argparse
import hashlib
import json
import sys


def sha256(data):
    return hashlib.sha256(data).digest()


def text_hash(*parts):
    """SHA-256, in hex, of the parts as text with bars between; '-' stands for what is not there."""
    return sha256("|".join("-" if part is None else str(part) for part in parts).encode()).hex()


def refuse(why, code=1):
    print(("NOT PROVEN: " if code == 1 else "NOTHING WAS CHECKED: ") + why)
    sys.exit(code)


def load(path, form):
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError) as error:
        refuse(f"{path} cannot be read ({error})", 2)
    if not isinstance(found, dict) or found.get("format") != form:
        refuse(f"{path} is not a file of the kind {form}", 2)
    return found


def content_hash(posting, legs):
    if not all(type(number) is int for leg in legs for number in leg.values()):
        refuse("a leg holds something that is not a number")
    names = ["journal_id", "community_id", "kind", "reason", "booked_at", "actor", "reference", "request_hash"]
    ordered = sorted(legs, key=lambda leg: leg["account"])
    text = ";".join("{account}:{seq}:{amount}:{balance_after}".format(**leg) for leg in ordered)
    return text_hash(*(posting[name] for name in names), text or None)


def climb(leaf, place, count, path):
    """The root to which a path leads from a leaf (RFC 9162, section 2.1.3.2), or None when it cannot be one."""
    if not 0 <= place < count:
        return None
    node, last = sha256(b"\0" + leaf), count - 1
    for sibling in path:
        if last == 0:
            return None
        if place & 1 or place == last:
            node = sha256(b"\1" + sibling + node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = sha256(b"\1" + node + sibling)
        place, last = place >> 1, last >> 1
    return node.hex() if last == 0 else None


def chain(previous, body):
    return text_hash("localex-seal-1", previous, body)


def seal_digest(seal):
    names = ["seal_no", "after", "until", "leaves", "root", "sealed_at"]
    return chain(seal["previous"], text_hash(*(seal[name] for name in names)))


def verify(proof, trusted):
    """Refuse a proof that does not lead to the trusted digest; returns the number of its seal."""
    if "not_sealed_yet" in proof:
        refuse(proof["not_sealed_yet"])
    posting, legs, seal = proof["posting"], proof["legs"], proof["seal"]
    if not proof["withheld"] and content_hash(posting, legs) != proof["content_hash"]:
        refuse("the posting and its legs do not give the content hash")
    if not proof["withheld"] and (sum(leg["amount"] for leg in legs) or (posting["reason"] is None) != bool(legs)):
        refuse("the legs are not those of a posting")
    path = [bytes.fromhex(node) for node in proof["path"]]
    if climb(bytes.fromhex(proof["content_hash"]), proof["place"], seal["leaves"], path) != seal["root"]:
        refuse(f"the content hash is not in the tree of seal {seal['seal_no']}")
    if not (seal["after"] is None or seal["after"] < posting["booked_at"]) or posting["booked_at"] > seal["until"]:
        refuse("the posting is dated outside the time of its seal")
    digest, number = seal_digest(seal), seal["seal_no"]
    if digest != seal["digest"]:
        refuse(f"the digest of seal {number} does not follow from what it says")
    digests = {number: digest}
    for body in proof["later"]:
        digest, number = chain(digest, body), number + 1
        digests[number] = digest
    if (number, digest) != (proof["newest"]["seal_no"], proof["newest"]["digest"]):
        refuse("the chain of seals does not end where the proof says")
    known = [number for number in digests if digests[number] == trusted]
    return known[0] if known else refuse(f"the digest that you gave is none of seals {min(digests)} to {max(digests)}")


def trusted_digest(arguments):
    if arguments.digest is not None:
        digest = "".join(arguments.digest.split()).lower()
        return digest if len(digest) == 64 else refuse("a digest has 64 hex digits", 2)
    seal = load(arguments.seal, "localex-seal-1")
    if seal_digest(seal) != seal["digest"]:
        refuse("the seal file that you gave is damaged: its digest does not follow from what it says")
    return seal["digest"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("proof", help="the proof, a JSON file")
    given = parser.add_mutually_exclusive_group(required=True)
    given.add_argument("--seal", help="a published seal, a JSON file")
    given.add_argument("--digest", help="the digest of a published seal, 64 hex digits")
    arguments = parser.parse_args()
    try:
        proof = load(arguments.proof, "localex-proof-1")
        number = verify(proof, trusted_digest(arguments))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        refuse(f"something in a file is missing or wrong ({type(error).__name__}: {error})")
    seal = proof["seal"]
    print(f"PROVEN: it is among the {seal['leaves']} rows of seal {seal['seal_no']}, and you know seal {number}.")
    if proof["withheld"]:
        print(f"  Only the content hash {proof['content_hash']} is proven:")
        print("  the text behind it would show another member's balance. What it says of your legs is not proven.")
        return
    print(f"  posting {proof['posting']['journal_id']} ({proof['posting']['kind']})")
    for leg in proof["legs"]:
        print("  account {account}, entry {seq}: {amount:+} hundredths, {balance_after} afterwards".format(**leg))


if __name__ == "__main__":
    main()
