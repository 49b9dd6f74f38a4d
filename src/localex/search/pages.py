"""What browse and search show."""

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from localex.lib.pages import Page
from localex.listings.cards import Card
from localex.listings.models import Category, Condition
from localex.listings.queries import Branch, list_cards, list_tree
from localex.members.models import Member
from localex.ports.search import Sort, Wish
from localex.search.forms import DAYS, KINDS, SearchForm, category_ids
from localex.search.here import Here, find_here
from localex.search.services import get_engine

PAGE_SIZE = 24
COUNT_AT_MOST = 500


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force; `query` is the address without it."""

    label: str
    query: str


def _find(wish: Wish, here: Here, cursor: str | None) -> Page[Card]:
    page = get_engine().find(wish, cursor=cursor, limit=PAGE_SIZE)
    return Page(list_cards(listing_ids=page.items, viewer=here.point), page.next_cursor)


def _find_category(tree: list[Branch], slug: str) -> tuple[Branch | None, Category | None]:
    """The branch and, when the slug is that of a leaf, the leaf."""
    for branch in tree:
        if branch.category.slug == slug:
            return branch, None
        for child in branch.children:
            if child.slug == slug:
                return branch, child
    return None, None


def describe_browse(member: Member | None, query: QueryDict) -> dict[str, Any]:
    """The newest of the community, or of one category."""
    here = find_here(member, query.get("town", ""))
    tree = list_tree()
    branch, leaf = _find_category(tree, query.get("category", ""))
    chosen = leaf or (branch.category if branch else None)
    wish = Wish(
        community_id=here.community.pk,
        language=here.community.language,
        category_ids=category_ids(tree, chosen.slug if chosen else ""),
        near=here.point,
        sort=Sort.NEWEST,
    )
    return {
        "here": here,
        "community": here.community,
        "tree": tree,
        "branch": branch,
        "leaf": leaf,
        "chosen": chosen,
        "page": _find(wish, here, query.get("cursor")),
    }


def describe_results(member: Member | None, query: QueryDict) -> dict[str, Any]:
    """What fulfils the filters in the address, how many there are, and how to take each filter away."""
    here = find_here(member, query.get("town", ""))
    form = SearchForm(query, here=here, tree=list_tree())
    wish = form.wish()
    count = get_engine().count(wish, at_most=COUNT_AT_MOST)
    return {
        "here": here,
        "community": here.community,
        "form": form,
        "words": form.value("q") or "",
        "page": _find(wish, here, query.get("cursor")) if count else Page([]),
        "count": count,
        "is_counted": count < COUNT_AT_MOST,
        "chips": list_chips(form, query),
        "clear_query": _without(query, *CHIPPED),
    }


CHIPPED = ("category", "what", "least", "most", "condition", "within", "posted", "photos")


def _without(query: QueryDict, *names: str, value: str | None = None) -> str:
    """The query string without some names (or without one value of the name), and back on the first page."""
    left = query.copy()
    left.pop("cursor", None)
    for name in names:
        kept = [other for other in left.getlist(name) if value is not None and other != value]
        left.setlist(name, kept)
    return left.urlencode()


def list_chips(form: SearchForm, query: QueryDict) -> list[Chip]:
    """One chip for each filter in force, in the order of the form."""
    found: list[Chip] = []
    branch, leaf = _find_category(form.tree, form.value("category") or "")
    chosen = leaf or (branch.category if branch else None)
    if chosen:
        found.append(Chip(chosen.name, _without(query, "category")))
    if form.value("what"):
        found.append(Chip(KINDS[form.value("what")], _without(query, "what")))
    if form.value("least") or form.value("most"):
        found.append(Chip(_price_words(form), _without(query, "least", "most")))
    found += [
        Chip(Condition(value).label, _without(query, "condition", value=value))
        for value in form.value("condition") or []
    ]
    if form.value("within") and form.here.point:
        found.append(
            Chip(f"Within {form.value('within')} {form.here.community.distance_unit}", _without(query, "within"))
        )
    if form.value("posted"):
        found.append(Chip(f"Listed within: {DAYS[form.value('posted')].lower()}", _without(query, "posted")))
    if form.value("photos"):
        found.append(Chip("With pictures", _without(query, "photos")))
    return found


def _price_words(form: SearchForm) -> str:
    least, most = form.value("least"), form.value("most")
    name = form.here.community.currency_many
    if least and most:
        return f"{least:,} to {most:,} {name}"
    return f"From {least:,} {name}" if least else f"Up to {most:,} {name}"
