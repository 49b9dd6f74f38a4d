"""Merkle trees: RFC 9162's definition, our Python, our SQL and the verifying script say the same."""

import importlib.util
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localex.embedded import roles
from tests.credits import merkle
from tests.servers import Servers

LEAVES = st.lists(st.binary(max_size=40), max_size=70)


def load_script() -> Any:
    """docs/verify_entry.py as a module."""
    spec = importlib.util.spec_from_file_location(
        "verify_entry", Path(__file__).parents[2] / "docs" / "verify_entry.py"
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def root_of_the_rfc(leaves: list[bytes]) -> bytes:
    """Section 2.1.1, word for word: split at the largest power of two that is smaller."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\0" + leaves[0]).digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b"\1" + root_of_the_rfc(leaves[:split]) + root_of_the_rfc(leaves[split:])).digest()


def path_of_the_rfc(place: int, leaves: list[bytes]) -> list[bytes]:
    """Section 2.1.3.1, word for word."""
    if len(leaves) == 1:
        return []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if place < split:
        return [*path_of_the_rfc(place, leaves[:split]), root_of_the_rfc(leaves[split:])]
    return [*path_of_the_rfc(place - split, leaves[split:]), root_of_the_rfc(leaves[:split])]


@given(leaves=LEAVES, data=st.data())
def test_python_and_script_agree_with_the_rfc(leaves: list[bytes], data: st.DataObject) -> None:
    script = load_script()
    root = merkle.root(leaves)
    assert root == root_of_the_rfc(leaves)
    if not leaves:
        return
    place = data.draw(st.integers(0, len(leaves) - 1))
    path = merkle.path(leaves, place)
    assert path == path_of_the_rfc(place, leaves)
    assert merkle.is_included(leaf=leaves[place], place=place, count=len(leaves), path=path, root=root)
    assert script.climb(leaves[place], place, len(leaves), path) == root.hex()


@given(leaves=st.lists(st.binary(min_size=1, max_size=8), min_size=2, max_size=40, unique=True), data=st.data())
def test_nothing_else_is_included(leaves: list[bytes], data: st.DataObject) -> None:
    script = load_script()
    place = data.draw(st.integers(0, len(leaves) - 1))
    path, root = merkle.path(leaves, place), merkle.root(leaves)
    change = data.draw(st.sampled_from(["leaf", "place", "cut", "longer", "node"]))
    leaf, wrong = leaves[place], list(path)
    if change == "leaf":
        leaf = leaves[place - 1]
    elif change == "place":
        place = data.draw(st.integers(-1, len(leaves) + 1).filter(lambda other: other != place))
    elif change == "cut":
        wrong = path[:-1]
    elif change == "longer":
        wrong = [*path, root]
    else:
        wrong[data.draw(st.integers(0, len(path) - 1))] = sha256(b"other").digest()
    assert not merkle.is_included(leaf=leaf, place=place, count=len(leaves), path=wrong, root=root)
    assert script.climb(leaf, place, len(leaves), wrong) != root.hex()


def test_a_path_of_nothing() -> None:
    with pytest.raises(IndexError):
        merkle.path([b"one"], 1)
    assert not merkle.is_included(leaf=b"one", place=0, count=0, path=[], root=merkle.root([]))


def test_the_database_agrees_with_python(servers: Servers) -> None:
    with servers.connect(roles.SUPER) as connection:

        @settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
        @given(leaves=LEAVES, data=st.data())
        def agree(leaves: list[bytes], data: st.DataObject) -> None:
            place = data.draw(st.integers(0, max(0, len(leaves) - 1)))
            row = connection.execute(
                "SELECT ledger.merkle_root(%(leaves)s::bytea[]), ledger.merkle_path(%(leaves)s::bytea[], %(place)s)",
                {"leaves": leaves, "place": place},
            ).fetchone()
            assert row is not None
            assert row[0] == merkle.root(leaves)
            if leaves:
                assert row[1] == merkle.path(leaves, place)

        agree()
