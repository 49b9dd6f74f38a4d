"""Safe places, postcodes, drawn maps."""

import django.db.models.deletion
import localex.lib.clock
import localex.lib.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('communities', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='MapSheet',
            fields=[
                ('id', models.UUIDField(default=localex.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('key', models.CharField(help_text='SHA-256 of the SVG.', max_length=64)),
                ('style_digest', models.CharField(help_text='SHA-256 of its style sheet in base64, for the CSP.', max_length=64)),
                ('south', models.FloatField()),
                ('west', models.FloatField()),
                ('north', models.FloatField()),
                ('east', models.FloatField()),
                ('width', models.PositiveIntegerField()),
                ('height', models.PositiveIntegerField()),
                ('byte_count', models.PositiveIntegerField()),
                ('drawn_at', models.DateTimeField(default=localex.lib.clock.now)),
                ('community', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='communities.community')),
            ],
            options={
                'verbose_name': 'map',
            },
        ),
        migrations.CreateModel(
            name='Postcode',
            fields=[
                ('id', models.UUIDField(default=localex.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=12)),
                ('latitude', models.FloatField()),
                ('longitude', models.FloatField()),
                ('community', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='communities.community')),
            ],
            options={
                'ordering': ['code'],
                'constraints': [models.UniqueConstraint(fields=('community', 'code'), name='places_one_row_per_postcode'), models.CheckConstraint(condition=models.Q(('latitude__gte', -90), ('latitude__lte', 90), ('longitude__gte', -180), ('longitude__lte', 180)), name='places_postcode_on_earth')],
            },
        ),
        migrations.CreateModel(
            name='SafePlace',
            fields=[
                ('id', models.UUIDField(default=localex.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('what', models.CharField(help_text='What it is in plain words, such as Police station.', max_length=60)),
                ('osm_kind', models.CharField(blank=True, default='', help_text='Its OpenStreetMap tag: amenity=police.', max_length=60)),
                ('osm_ref', models.CharField(blank=True, default='', help_text='Such as way/42; empty: not imported.', max_length=40)),
                ('tier', models.PositiveSmallIntegerField(help_text='1 the safest to 4 only by day.')),
                ('latitude', models.FloatField()),
                ('longitude', models.FloatField()),
                ('opening_hours', models.CharField(blank=True, default='', help_text='As OpenStreetMap writes them.', max_length=255)),
                ('lit', models.BooleanField(blank=True, help_text='Lit at night.', null=True)),
                ('step_free', models.BooleanField(blank=True, null=True)),
                ('parking', models.BooleanField(blank=True, help_text='A car park within 100 m.', null=True)),
                ('covered', models.BooleanField(blank=True, help_text='A roof over the head.', null=True)),
                ('daylight_only', models.BooleanField(default=False)),
                ('state', models.CharField(choices=[('active', 'Active'), ('retired', 'Retired')], default='active', max_length=7)),
                ('retired_reason', models.CharField(blank=True, choices=[('', 'Not retired'), ('vanished', 'No longer on the map'), ('unsuitable', 'Taken out by a coordinator')], default='', max_length=10)),
                ('checked_at', models.DateTimeField(blank=True, help_text='When somebody last looked at it.', null=True)),
                ('created_at', models.DateTimeField(default=localex.lib.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=localex.lib.clock.now, editable=False)),
                ('community', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='communities.community')),
            ],
            options={
                'ordering': ['tier', 'name'],
                'indexes': [models.Index(condition=models.Q(('state', 'active')), fields=['community', 'latitude', 'longitude'], name='places_active_box'), models.Index(fields=['community', 'state', 'tier', 'name'], name='places_by_community')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('osm_ref', ''), _negated=True), fields=('community', 'osm_ref'), name='places_one_row_per_osm_object'), models.CheckConstraint(condition=models.Q(('tier__gte', 1), ('tier__lte', 4)), name='places_tier_known'), models.CheckConstraint(condition=models.Q(('latitude__gte', -90), ('latitude__lte', 90), ('longitude__gte', -180), ('longitude__lte', 180)), name='places_on_earth'), models.CheckConstraint(condition=models.Q(models.Q(('retired_reason', ''), ('state', 'active')), models.Q(('state', 'retired'), models.Q(('retired_reason', ''), _negated=True)), _connector='OR'), name='places_retired_for_a_reason')],
            },
        ),
    ]
