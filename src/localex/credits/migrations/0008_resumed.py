"""Which communities an operator let go on, knowing what a check had found."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("credits", "0007_checks")]
    operations = [migrations.AddField("checkrun", "resumed", models.JSONField(default=list, db_default=[]))]
