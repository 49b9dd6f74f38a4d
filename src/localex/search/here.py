"""Whose listings somebody looks through, and from where."""

from dataclasses import dataclass

from localex.communities.models import Community
from localex.communities.queries import find_by_slug, list_open
from localex.lib.errors import NotFound
from localex.lib.geo import Point
from localex.members.models import Member


@dataclass(frozen=True, slots=True)
class Here:
    """One community and, when known, where the one who looks is. `others`: what a visitor could choose instead.

    `point` is the centre of their public cell: links to a page of results carry a distance from it, and are shared.
    """

    community: Community
    point: Point | None
    others: tuple[Community, ...] = ()


def find_here(member: Member | None, slug: str = "") -> Here:
    """A member looks through their own community; a visitor through the one with this slug, or the first open one.

    NotFound for an unknown slug, and while there is no community at all.
    """
    if member is not None:
        return Here(member.community, member.cell)
    open_ones = tuple(list_open())
    chosen = find_by_slug(slug=slug) if slug else next(iter(open_ones), None)
    if chosen is None:
        raise NotFound("There is no such community here.", kept="Nothing is lost: look around in another one.")
    return Here(chosen, None, open_ones if len(open_ones) > 1 else ())
