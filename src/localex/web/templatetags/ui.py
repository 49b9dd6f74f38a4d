"""The tags and filters that templates of every context use: `{% load ui %}`."""

from datetime import datetime
from typing import Any

from django import template
from django.conf import settings
from django.forms import BaseForm, BoundField
from django.template import Context
from django.templatetags.static import static
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime

from localex.lib import money
from localex.web import drawings, fields, icons, maps, words

register = template.Library()

AVATAR_PIXELS = {"s": 28, "m": 40, "l": 64, "xl": 104}


def _used_icons(request: Any) -> set[str]:
    if not hasattr(request, "used_icons"):
        request.used_icons = set()
    used: set[str] = request.used_icons
    return used


@register.simple_tag(takes_context=True)
def icon(context: Context, name: str, size: str = "m", label: str = "") -> SafeString:
    """An icon by its Lucide name; `size` is s, m, l or xl; `label` only where no text stands beside it.

    A whole page refers to its sprite. A fragment (htmx) or a page without a request carries the shapes itself.
    """
    request = getattr(context, "request", None)
    shapes: str = icons.get_shapes(name)
    if request is not None and "HX-Request" not in request.headers:
        _used_icons(request).add(name)
        shapes = f'<use href="#i-{name}"/>'
    said = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html(
        '<svg class="icon icon-{}" viewBox="0 0 24 24" width="20" height="20" {}>{}</svg>',
        size,
        said,
        SafeString(shapes),
    )


@register.simple_tag(takes_context=True)
def icon_sprite(context: Context) -> SafeString:
    """The symbols of every icon that the page used so far; stands once, at the end of base.html."""
    request = getattr(context, "request", None)
    names = _used_icons(request) if request is not None else set()
    return SafeString(icons.build_sprite(names)) if names else SafeString("")


@register.simple_tag(takes_context=True)
def icons_for_script(context: Context, *names: str) -> SafeString:
    """Put icons into the page's sprite that only JavaScript will use."""
    request = getattr(context, "request", None)
    if request is not None:
        _used_icons(request).update(names)
    return SafeString("")


@register.simple_tag
def avatar(member: Any, size: str = "m") -> SafeString:
    """A member's picture; `size` is s (28 px), m (40), l (64) or xl (104). The name always stands beside it."""
    pixels = AVATAR_PIXELS[size]
    address = reverse("members:avatar", args=[member.display_name])
    return format_html(
        '<img class="avatar avatar-{}" src="{}" alt="" width="{}" height="{}" loading="lazy">',
        size,
        address,
        pixels,
        pixels,
    )


@register.simple_tag(takes_context=True)
def csp_nonce(context: Context) -> str:
    """This response's nonce, for the rare `<script nonce>`."""
    request = getattr(context, "request", None)
    return str(getattr(request, "csp_nonce", ""))


@register.simple_tag(takes_context=True)
def current(context: Context, *names: str) -> SafeString:
    """`aria-current="page"` when the page's url name or namespace is one of `names`."""
    match = getattr(getattr(context, "request", None), "resolver_match", None)
    is_here = match is not None and (match.view_name in names or match.namespace in names)
    return SafeString(' aria-current="page"') if is_here else SafeString("")


@register.simple_tag
def setting(name: str) -> Any:
    """One value of the installation's settings, such as `map_attribution`."""
    return getattr(settings.LOCALEX, name)


@register.simple_tag
def module(path: str) -> SafeString:
    """The attribute that lets js/app.js load a module for this element: `<div {% module "js/countdown.js" %}>`."""
    return format_html('data-module="{}"', static(path))


@register.inclusion_tag("components/field.html", takes_context=True)
def field(context: Context, bound: BoundField, **options: Any) -> dict[str, Any]:
    """A form field: label, help, error, control. Options: label, help, prefix, suffix, width, rows, count, big."""
    return {"request": getattr(context, "request", None), **fields.describe_field(bound, **options)}


@register.inclusion_tag("components/error_summary.html", takes_context=True)
def error_summary(context: Context, form: BaseForm, *more: BaseForm) -> dict[str, Any]:
    """What is wrong with one or more forms, with links to the fields; empty when nothing is."""
    forms = (form, *more)
    return {
        "request": getattr(context, "request", None),
        "problems": [problem for one in forms for problem in fields.list_problems(one)],
        "loses_secret": any(fields.loses_secret(one) for one in forms),
    }


def _currency(community: Any) -> tuple[str, str]:
    return (community.currency_one, community.currency_many) if community else ("credit", "credits")


@register.filter
def credits(amount: int | None) -> str:
    """Hundredths as "30" or "12.50"."""
    return "" if amount is None else money.display(amount)


@register.filter
def credits_words(amount: int | None, community: Any = None) -> str:
    """Hundredths with the community's name for its credits: "30 credits"."""
    if amount is None:
        return ""
    return words.say_credits(amount, *_currency(community))


@register.filter
def credit_noun(amount: int, community: Any = None) -> str:
    """Only the word: "credit" or "credits", or the community's own."""
    return words.say_noun(amount, *_currency(community))


@register.filter
def day_words(when: datetime | None) -> str:
    """ "Tuesday 24 November" in the time zone in force."""
    return words.say_day(when) if when else ""


@register.filter
def short_day_words(when: datetime | None) -> str:
    """ "Tue 24 Nov", where the room is small."""
    return words.say_short_day(when) if when else ""


@register.filter
def moment_words(when: datetime | None) -> str:
    """ "Tuesday 24 November, 17:00"."""
    return words.say_moment(when) if when else ""


@register.filter
def when_words(when: datetime | None) -> str:
    """ "today, 17:00" or "on Tuesday 24 November, 17:00"."""
    return words.say_when(when) if when else ""


@register.filter
def time_words(when: datetime | None) -> str:
    """ "17:00"."""
    return words.say_time(when) if when else ""


@register.filter
def deadline_words(when: datetime | None) -> str:
    """ "today 17:00", "Thursday 17:00" or "Tuesday 24 November, 17:00"; write "until" before it."""
    return words.say_deadline(when) if when else ""


@register.filter
def age_words(when: datetime | None) -> str:
    """ "today", "3 days ago"."""
    return words.say_age(when) if when else ""


@register.filter
def month_words(when: datetime | None) -> str:
    """ "November 2025"."""
    return date_format(localtime(when), "F Y") if when else ""


@register.filter
def iso(when: datetime | None) -> str:
    """A moment for `<time datetime>` and data attributes."""
    return when.isoformat() if when else ""


@register.filter
def distance_words(km: float | None, community: Any = None) -> str:
    """ "under 1 km", "3 km" or "2 mi", in the community's unit."""
    return "" if km is None else words.say_distance(km, getattr(community, "distance_unit", "km"))


@register.simple_tag
def map_picture(wanted: dict[str, Any]) -> maps.MapPicture:
    """What components/map.html draws; see there for what `wanted` holds."""
    return maps.describe_map(wanted)


@register.filter
def dot(number: float) -> str:
    """A number for attributes: never a comma, whatever the language."""
    return format(number, ".10g")


@register.simple_tag
def drawing(name: str) -> SafeString:
    """One of our drawings by name (web/drawings/): empty states, error pages, the front page."""
    return SafeString(drawings.get_drawing(name))
