"""Brings data/categories.json into the table."""

from django.db import transaction

from localex.listings.models import Category
from localex.listings.tree import read_branches


def plant_categories() -> int:
    """Add new categories and update names, icons and order of the known ones; none is removed. How many there are."""
    with transaction.atomic():
        planted: dict[str, Category] = {}
        for branch in read_branches():
            planted[branch.slug], _ = Category.objects.update_or_create(
                slug=branch.slug,
                defaults={
                    "name": branch.name,
                    "icon": branch.icon,
                    "position": branch.position,
                    "parent": planted.get(branch.parent),
                },
            )
    return len(planted)
