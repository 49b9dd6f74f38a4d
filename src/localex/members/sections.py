"""What other contexts show on a member's page.

Members is a low layer: it knows neither listings nor trades. Those register a section in their `AppConfig.ready`, and
the page asks each of them. So the page is whole without JavaScript, and nobody imports upwards.

    sections.register("listings", template="listings/of_member.html", load=list_for_profile, order=10)

`load(owner, viewer)` gets the member whose page it is and the member who looks at it, or None for a visitor; it returns
a bounded dict for the template, which finds it as `section`, or None to show nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from localex.members.models import Member

Load = Callable[[Member, Member | None], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page that another context owns."""

    name: str
    template: str
    load: Load
    order: int


@dataclass(frozen=True, slots=True)
class LoadedSection:
    """A section with what it shows."""

    template: str
    content: Mapping[str, Any]


_sections: dict[str, Section] = {}


def register(name: str, *, template: str, load: Load, order: int) -> None:
    """Add a section to every member's page, the lowest `order` first; the same name again replaces it."""
    _sections[name] = Section(name, template, load, order)


def load_sections(*, owner: Member, viewer: Member | None) -> list[LoadedSection]:
    """The sections that have something to show on the page of `owner`."""
    found = []
    for section in sorted(_sections.values(), key=lambda each: (each.order, each.name)):
        content = section.load(owner, viewer)
        if content is not None:
            found.append(LoadedSection(section.template, content))
    return found
