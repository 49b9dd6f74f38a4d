"""What staff gave and why. A new table: nobody is kept waiting."""

import django.db.models.deletion
import localex.lib.clock
import localex.lib.ids
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [
        ("communities", "0003_check_policy"),
        ("members", "0001_initial"),
        ("trading", "0004_check_fees"),
    ]

    operations = [
        migrations.CreateModel(
            name="StaffPayment",
            fields=[
                ("id", models.UUIDField(default=localex.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(choices=[("compensation", "Compensation for a trade"), ("grant", "Credits for a member"), ("funding", "Credits for the protection account")], max_length=12)),
                ("source", models.CharField(blank=True, choices=[("fees", "The fees that were collected"), ("issuer", "New credits from the issuer")], max_length=6)),
                ("amount", models.BigIntegerField(help_text="Hundredths of a credit.")),
                ("reason", models.CharField(max_length=500)),
                ("created_at", models.DateTimeField(default=localex.lib.clock.now)),
                ("community", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="communities.community")),
                ("member", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="members.member")),
                ("staff", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL)),
                ("trade", models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="trading.trade")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=Q(amount__gt=0), name="staff_payment_gives_something"),
                    models.CheckConstraint(
                        condition=Q(kind="compensation", member__isnull=False, trade__isnull=False, source="")
                        | Q(kind="grant", member__isnull=False, trade__isnull=True, source="")
                        | Q(kind="funding", member__isnull=True, trade__isnull=True, source__in=["fees", "issuer"]),
                        name="staff_payment_is_whole",
                    ),
                ],
            },
        ),
    ]
