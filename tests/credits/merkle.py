"""Merkle trees over SHA-256 as RFC 9162 (Certificate Transparency 2.0) defines them: what the SQL is measured by.

A leaf hashes with 0x00 before it and a node with 0x01, so that neither can pass for the other. Leaves are any bytes;
a path is the sibling on each level, lowest first.
"""

from collections.abc import Sequence
from hashlib import sha256


def hash_leaf(leaf: bytes) -> bytes:
    """The hash of a leaf (section 2.1.1)."""
    return sha256(b"\0" + leaf).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """The hash of a node from those of its children (section 2.1.1)."""
    return sha256(b"\1" + left + right).digest()


def _levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    levels = [[hash_leaf(leaf) for leaf in leaves]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        above = [hash_node(below[place], below[place + 1]) for place in range(0, len(below) - 1, 2)]
        levels.append(above + below[len(above) * 2 :])  # an odd last node goes up as it is
    return levels


def root(leaves: Sequence[bytes]) -> bytes:
    """The root of the tree over `leaves`; of none, the hash of nothing (section 2.1.1)."""
    return _levels(leaves)[-1][0] if leaves else sha256(b"").digest()


def path(leaves: Sequence[bytes], place: int) -> list[bytes]:
    """The inclusion proof of the leaf at `place`, from 0 (section 2.1.3.1). IndexError when there is none."""
    if not 0 <= place < len(leaves):
        raise IndexError(place)
    found = []
    for level in _levels(leaves)[:-1]:
        if place ^ 1 < len(level):
            found.append(level[place ^ 1])
        place >>= 1
    return found


def is_included(*, leaf: bytes, place: int, count: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether the path leads from this leaf at this place in a tree of `count` leaves to `root` (section 2.1.3.2)."""
    if not 0 <= place < count:
        return False
    last, node = count - 1, hash_leaf(leaf)
    for sibling in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            node = hash_node(sibling, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = hash_node(node, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and node == root
