"""The category tree: the file, the table, the icons, and the staff pages."""

import pytest
from django.test import Client

from localex.listings import queries
from localex.listings.models import Category
from localex.listings.services import plant_categories
from localex.listings.tree import read_branches
from localex.members.models import User
from localex.web.icons import get_shapes
from tests.listings.things import new_listing
from tests.members.people import PASSWORD, address

pytestmark = pytest.mark.django_db


def test_the_table_is_the_file() -> None:
    branches = list(read_branches())
    rows = {row.slug: row for row in Category.objects.select_related("parent")}
    assert set(rows) == {branch.slug for branch in branches}
    for branch in branches:
        row = rows[branch.slug]
        assert (row.name, row.icon, row.position) == (branch.name, branch.icon, branch.position)
        assert (row.parent.slug if row.parent else "") == branch.parent


def test_planting_again_mends_and_adds_nothing() -> None:
    Category.objects.filter(slug="lamps").update(name="Wrong", position=99)
    count = Category.objects.count()
    assert plant_categories() == count
    assert Category.objects.count() == count
    assert Category.objects.get(slug="lamps").name == "Lamps"


def test_every_category_can_be_drawn() -> None:
    assert all(get_shapes(branch.icon) for branch in read_branches())


def test_two_levels_and_no_more() -> None:
    tree = queries.list_tree()
    assert len(tree) >= 15
    assert all(branch.children for branch in tree)
    assert not Category.objects.filter(parent__parent__isnull=False).exists()


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser(address(), PASSWORD))
    return client


@pytest.mark.parametrize("path", ["listings/listing/", "listings/category/", "media/photo/"])
def test_staff_look_and_do_not_touch(staff: Client, owner, path: str) -> None:
    listing = new_listing(owner)
    assert staff.get(f"/staff/{path}").status_code == 200
    assert staff.get(f"/staff/{path}add/").status_code == 403
    page = staff.get(f"/staff/listings/listing/{listing.pk}/change/")
    assert page.status_code == 200
    assert str(listing.latitude) not in page.content.decode()
    assert staff.post(f"/staff/listings/listing/{listing.pk}/change/", {"title": "Taken over"}).status_code == 403
    assert staff.post(f"/staff/listings/listing/{listing.pk}/delete/", {"post": "yes"}).status_code == 403
