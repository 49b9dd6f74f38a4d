"""Made-up things for /design, so that every component can be seen in every state, hard cases included."""

from collections.abc import Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django import forms
from django.templatetags.static import static

from localex.communities import queries as communities
from localex.lib import clock, money
from localex.lib.geo import snap
from localex.places import queries as places
from localex.web import drawings, icons

LONG_NAME = "Cornflowerbluebird_7432"
LONG_TITLE = "Solid oak writing desk with three drawers, brass handles and one key that still turns (the other is lost)"
ARABIC = "دراجة هوائية للأطفال بحالة جيدة جدا مع عجلات مساعدة وجرس وسلة أمامية صغيرة للألعاب"


class SpecimenForm(forms.Form):
    """One field of every kind."""

    title = forms.CharField(max_length=100, help_text="What it is, in a few words.", label="Title")
    email = forms.EmailField(label="E-mail")
    password = forms.CharField(widget=forms.PasswordInput, help_text="At least 12 characters.", label="Password")
    price = forms.IntegerField(label="Price", min_value=1, max_value=100_000)
    brand = forms.CharField(required=False, label="Brand")
    category = forms.ChoiceField(choices=[("", "Choose one"), ("a", "Furniture and lamps"), ("b", "Bicycles")])
    description = forms.CharField(widget=forms.Textarea, max_length=2000, label="Description")
    kind = forms.ChoiceField(
        choices=[("sale", "For credits"), ("gift", "As a gift")], widget=forms.RadioSelect, label="How do you give it?"
    )
    tags = forms.MultipleChoiceField(
        choices=[("time", "On time"), ("described", "As described"), ("friendly", "Friendly")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        label="What was good?",
    )
    photo = forms.FileField(required=False, label="Photo")
    adult = forms.BooleanField(label="I am 18 or older", help_text="We do not ask for your date of birth.")


def build_specimens() -> dict[str, Any]:
    """Return the context of web/design.html."""
    filled = {"kind": "sale", "title": "Desk lamp"}
    community = next(iter(communities.list_open()), None)
    return {
        "form": SpecimenForm(initial=filled),
        "wrong_form": SpecimenForm({"title": "x" * 101, "email": "nobody", "kind": "", "price": "0"}),
        "cards": _cards(),
        "long_member": SimpleNamespace(display_name=LONG_NAME),
        "short_member": SimpleNamespace(display_name="BlueBird_7432"),
        "people": ["RedFox_0001", "GreenOwl_4711", "QuietHare_9020", "BraveWren_3333", "OldMaple_5050"],
        "drawings": drawings.list_drawings(),
        "icons": sorted(icons.list_icons()),
        "maps": _maps(community) if community else [],
        "colours": COLOURS,
        **_trade(),
        **_lists(),
    }


COLOURS = ["paper", "surface", "sunk", "ink", "muted", "primary", "accent", "success", "warning", "danger", "info"]


def _cards() -> list[Mapping[str, Any]]:
    now = clock.now()
    base = {
        "url": "#",
        "is_gift": False,
        "is_wanted": False,
        "state": "",
        "alt": "",
        "distance_km": 1.4,
        "published_at": now - timedelta(days=2),
        "picture": static("img/specimen.svg"),
    }
    return [
        {**base, "title": "Desk lamp", "price": money.from_whole(30)},
        {**base, "title": LONG_TITLE, "price": money.from_whole(100_000), "distance_km": 0.3},
        {**base, "title": "Children's books, a whole box", "price": 0, "is_gift": True, "published_at": now},
        {**base, "title": ARABIC, "price": 1250, "distance_km": None},
        {**base, "title": "Wooden sledge", "price": money.from_whole(1), "picture": "", "icon": "package"},
        {
            **base,
            "title": "A pram for the summer, any colour",
            "price": money.from_whole(45),
            "is_wanted": True,
            "picture": "",
            "icon": "baby",
        },
        {**base, "title": "Espresso pot", "price": money.from_whole(12), "state": "Reserved"},
        {**base, "title": LONG_TITLE, "price": 0, "is_gift": True, "picture": "", "icon": "armchair"},
    ]


def _trade() -> dict[str, Any]:
    now = clock.now()
    names = ["Agreed", "Planned", "Met", "Done"]
    notes = ["On the price", "Place and time", "At a safe place", "Code given, credits released"]

    def stations(*states: str) -> list[dict[str, Any]]:
        rows = zip(names, states, notes, strict=True)
        return [{"name": name, "status": state, "note": note} for name, state, note in rows]

    return {
        "timelines": [
            stations("current", "next", "next", "next"),
            stations("done", "done", "current", "next"),
            stations("done", "done", "done", "done"),
            stations("done", "off", "off", "off"),
        ],
        "my_turn": {"is_mine": True, "words": "Choose a safe place to meet"},
        "their_turn": {"is_mine": False, "words": "Wait for the other side to agree to a time"},
        "over": {"is_mine": False, "words": "This trade is complete"},
        "soon": now + timedelta(minutes=47),
        "later": now + timedelta(days=2, hours=5),
        "events": [
            {"words": "You both chose the town library", "when": now - timedelta(hours=3)},
            {"words": "BlueBird_7432 accepted your offer of 30 credits", "when": now - timedelta(days=1)},
            {"words": "You offered 30 credits", "when": now - timedelta(days=1, hours=4)},
        ],
    }


def _lists() -> dict[str, Any]:
    return {
        "facts": [("Condition", "Good"), ("Brand", "Thonet"), ("Size", "120 x 60 x 75 cm"), ("In words", LONG_TITLE)],
        "stats": [
            {"value": money.display(10_000_000), "label": "credits to spend", "is_main": True},
            {"value": "30", "label": "held safely"},
            {"value": "4.8", "label": "from 12 reviews"},
        ],
        "tabs": [
            {"label": "On offer", "url": "#", "is_current": True, "count": 3},
            {"label": "Drafts", "url": "#"},
            {"label": "Gone", "url": "#"},
        ],
        "steps": ["Photos", "What it is", "Price", "Where"],
        "more": SimpleNamespace(next_cursor="next"),
        "amount": money.from_whole(30),
    }


def _maps(community: Any) -> list[dict[str, Any]]:
    cell = snap(community.centre)
    near = places.list_places(community_id=community.pk, limit=4)
    found = [{"name": place.name, "latitude": place.latitude, "longitude": place.longitude} for place in near]
    area = {"mode": "area", "latitude": cell.lat, "longitude": cell.lon, "label": "The rounded area"}
    pick = {"mode": "pick", "latitude_id": "lat", "longitude_id": "lon", "label": "Choose a point"}
    return [
        {**area, "community_id": community.pk},
        {"mode": "places", "places": found, "label": "Safe places", "community_id": community.pk},
        {**pick, "community_id": community.pk},
    ]
