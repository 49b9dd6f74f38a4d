"""Writes the category tree. `services.plant_categories` brings a later change of the file into the table."""

from django.db import migrations

from localex.listings.tree import read_branches


def plant(apps, schema_editor):
    """Add every category of data/categories.json, unless the tree stayed when this migration was taken back."""
    category = apps.get_model("listings", "Category")
    if category.objects.exists():
        return
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


class Migration(migrations.Migration):
    dependencies = [("listings", "0001_initial")]
    # Backwards the tree stays, because listings hang on it; 0001 takes the table.
    operations = [migrations.RunPython(plant, migrations.RunPython.noop)]
