"""Writes the category tree. `services.plant_categories` brings a later change of the file into the table."""

from django.db import migrations

from localex.listings.tree import read_branches


def plant(apps, schema_editor):
    """Add every category of data/categories.json."""
    category = apps.get_model("listings", "Category")
    planted = {}
    for branch in read_branches():
        planted[branch.slug] = category(
            slug=branch.slug,
            name=branch.name,
            icon=branch.icon,
            parent=planted.get(branch.parent),
            position=branch.position,
        )
    category.objects.bulk_create(planted.values())


def uproot(apps, schema_editor):
    """Remove the tree; refused by the database while a listing hangs on it."""
    category = apps.get_model("listings", "Category")
    category.objects.filter(parent__isnull=False).delete()
    category.objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("listings", "0001_initial")]
    operations = [migrations.RunPython(plant, uproot)]
