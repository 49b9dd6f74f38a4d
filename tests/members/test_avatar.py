"""Avatars: the same for ever, well-formed, small, and cached."""

from xml.etree import ElementTree

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from localex.lib import randomness
from localex.members.avatar import PICTURES, SCHEMES, draw_avatar
from localex.members.names import draw_name
from localex.members.words import COLOURS, CREATURES

SVG = "{http://www.w3.org/2000/svg}"
SHAPES = {"svg", "g", "path", "circle", "ellipse"}


@settings(deadline=None)
@given(st.integers())
def test_an_avatar_depends_on_the_name_alone(seed: int) -> None:
    with randomness.seeded(seed):
        name = draw_name()
    assert draw_avatar(name) == draw_avatar(name)
    assert draw_avatar(name) != draw_avatar(name[:-1] + ("1" if name[-1] == "0" else "0"))


@pytest.mark.parametrize("picture", CREATURES)
def test_every_picture_in_every_scheme_is_small_and_well_formed(picture: str) -> None:
    for scheme, colours in COLOURS.items():
        for digits in range(8):
            svg = draw_avatar(f"{colours[0]}{CREATURES[picture][0]}_{digits:04d}")
            root = ElementTree.fromstring(svg)
            assert root.tag == f"{SVG}svg"
            assert root.get("viewBox") == "0 0 64 64"
            assert SCHEMES[scheme].sky in svg, "a colour in the name decides the colours"
            assert len(svg) < 2_500
            assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
                "svg",
                "g",
                "path",
                "circle",
                "ellipse",
            }


def test_names_of_other_words_get_a_picture_too() -> None:
    ElementTree.fromstring(draw_avatar("OddThing_0001"))
    assert set(PICTURES) == set(CREATURES)
    assert set(SCHEMES) == set(COLOURS)
    with pytest.raises(ValueError, match="not a display name"):
        draw_avatar('"><script>')


def test_it_is_served_for_ever_without_session_or_database(client: Client) -> None:
    response = client.get("/avatars/BlueBird_7432.svg")
    assert response.status_code == 200
    assert response["Content-Type"] == "image/svg+xml"
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "sandbox" in response["Content-Security-Policy"]
    assert not response.cookies
    assert "Cookie" not in response.get("Vary", "")
    again = client.get("/avatars/BlueBird_7432.svg", headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/avatars/PlumOwl_0007.svg")["ETag"] != response["ETag"]


@pytest.mark.parametrize("name", ["nobody", "bluebird_7432", "BlueBird_7432x", "%3Cscript%3E"])
def test_what_is_no_name_is_not_there(client: Client, db: None, name: str) -> None:
    assert client.get(f"/avatars/{name}.svg").status_code == 404
