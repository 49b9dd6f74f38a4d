"""What neighbours wrote: every rule of the product, and what no rule can say but every reader sees."""

import re
from collections import Counter

import pytest

from localex.demo.pictures.art import CONTENT, all_objects
from localex.demo.reading import Entry, read_entries, read_homes, read_reviews
from localex.lib.geo import Point, distance_km
from localex.listings import rules
from localex.listings.models import Category, Condition, Listing
from localex.listings.tree import read_branches
from localex.trading.services.reviews import check_review

ENTRIES = read_entries()
BRANCHES = {branch.slug: branch for branch in read_branches()}
CONTACT = re.compile(
    r"@|https?:|www\.|\b(?:e-?mail|whatsapp|telegram|instagram|phone me|call me)\b|(?:\d[\s/.-]?){7,}", re.I
)
UNSAFE = re.compile(
    r"\b(knife|knives|gun|pistol|rifle|ammunition|sword|wine|beer|schnapps|vodka|whisky|liquor|cigar|cigarettes?|"
    r"tobacco|pills?|medicines?|drugs?|puppy|puppies|kittens?|hamster|lorem|ipsum)\b",
    re.I,
)


def as_listing(entry: Entry) -> Listing:
    """The listing that the filling would make, unsaved."""
    branch = BRANCHES[entry.category]
    parent = Category(slug=branch.parent)
    return Listing(
        direction="wanted" if entry.is_wanted else "offer",
        kind="gift" if entry.is_gift else "sale",
        category=Category(slug=branch.slug, parent=parent),
        title=entry.title,
        description=entry.description,
        condition=entry.condition,
        price=entry.price,
        known_issues=entry.known_issues,
        brand=entry.brand,
        size=entry.size,
        cell_latitude=48.4,
        cell_longitude=15.6,
    )


def test_there_are_as_many_as_the_town_needs() -> None:
    wanted = [entry for entry in ENTRIES if entry.is_wanted]
    gifts = [entry for entry in ENTRIES if entry.is_gift]
    assert len(ENTRIES) == 300
    assert 40 <= len(wanted) <= 60
    assert 50 <= len(gifts) <= 70
    tops = {BRANCHES[entry.category].parent for entry in ENTRIES}
    assert len(tops) >= 15
    assert {entry.category for entry in ENTRIES} == {slug for slug, branch in BRANCHES.items() if branch.parent}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.key)
def test_a_listing_keeps_every_rule(entry: Entry) -> None:
    listing = as_listing(entry)
    assert rules.list_problems(listing, ["ready"] * entry.shots) == {}
    for field in ("title", "description", "known_issues", "brand", "size"):
        assert len(getattr(listing, field)) <= Listing._meta.get_field(field).max_length
    assert entry.condition in ({""} | set(Condition.values) if entry.is_wanted else set(Condition.values))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.key)
def test_a_listing_says_nothing_that_it_must_not(entry: Entry) -> None:
    words = " ".join([entry.title, entry.description, entry.known_issues])
    assert not CONTACT.search(words)
    assert not UNSAFE.search(words)
    assert "!" not in words


def test_nobody_copied_from_a_neighbour() -> None:
    assert len({entry.title for entry in ENTRIES}) == len(ENTRIES)
    runs: Counter[tuple[str, ...]] = Counter()
    for entry in ENTRIES:
        words = re.findall(r"\w+", entry.description.lower())
        runs.update({tuple(words[start : start + 7]) for start in range(len(words) - 6)})
    assert [run for run, count in runs.items() if count > 1] == []


def test_lengths_and_prices_vary_like_those_of_people() -> None:
    lengths = sorted(len(entry.description) for entry in ENTRIES)
    assert lengths[0] < 80
    assert lengths[-1] > 300
    assert len({entry.price for entry in ENTRIES}) > 50


def test_every_object_is_drawn_and_used() -> None:
    used = {name for entry in ENTRIES for name in entry.names}
    objects = all_objects()
    assert used <= set(objects)
    files = {path.stem for path in (CONTENT / "art").glob("*.webp")}
    assert files == {made.code for made in objects.values()}
    assert "MIT License" in (CONTENT / "art" / "LICENSE.txt").read_text()


def test_homes_are_in_the_town() -> None:
    homes = read_homes()
    assert len(homes) == 60
    assert len({home.point for home in homes}) == 60
    assert all(distance_km(home.point, Point(48.4075, 15.6180)) < 5 for home in homes)


@pytest.mark.parametrize("about", ["seller", "buyer"])
def test_reviews_keep_the_rules(about: str) -> None:
    texts = read_reviews(about)
    for said in texts:
        check_review(said.stars, said.text, said.tags)
    written = [said.text for said in texts if said.text]
    assert len(written) == len(set(written))
    assert {said.stars for said in texts} >= {2, 3, 4, 5}
