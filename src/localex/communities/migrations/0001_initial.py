"""The table of communities."""

import localex.communities.models
import localex.lib.clock
import localex.lib.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Community',
            fields=[
                ('id', models.UUIDField(default=localex.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('slug', models.SlugField(help_text='Its name in addresses, such as krems.', max_length=60, unique=True)),
                ('name', models.CharField(help_text='What its members call it.', max_length=80)),
                ('area_name', models.CharField(help_text='Where it is, as shown beside members and listings.', max_length=80)),
                ('country', models.CharField(help_text='Two capital letters by ISO 3166, such as AT; decides public holidays.', max_length=2)),
                ('timezone', models.CharField(help_text='IANA name, such as Europe/Vienna.', max_length=60, validators=[localex.communities.models.check_timezone])),
                ('language', models.CharField(choices=[('en', 'English'), ('es', 'Spanish'), ('fr', 'French'), ('de', 'German'), ('pt-br', 'Portuguese (Brazil)'), ('ar', 'Arabic')], default='en', max_length=5)),
                ('distance_unit', models.CharField(choices=[('km', 'Kilometres'), ('mi', 'Miles')], default='km', max_length=2)),
                ('currency_one', models.CharField(default='credit', help_text='One of its credits in words.', max_length=30)),
                ('currency_many', models.CharField(default='credits', help_text='Several of its credits in words.', max_length=30)),
                ('centre_lat', models.FloatField(help_text='Degrees, WGS 84.')),
                ('centre_lon', models.FloatField(help_text='Degrees, WGS 84.')),
                ('south', models.FloatField()),
                ('west', models.FloatField()),
                ('north', models.FloatField()),
                ('east', models.FloatField()),
                ('starter_grant', models.BigIntegerField(default=10000, help_text='Hundredths of a credit, given once on confirmation.')),
                ('is_open', models.BooleanField(default=True, help_text='Whether newcomers may join.')),
                ('created_at', models.DateTimeField(default=localex.lib.clock.now, editable=False)),
            ],
            options={
                'verbose_name_plural': 'communities',
                'ordering': ['name'],
                'constraints': [models.CheckConstraint(condition=models.Q(('country__regex', '^[A-Z]{2}$')), name='communities_country_is_iso'), models.CheckConstraint(condition=models.Q(('distance_unit__in', ['km', 'mi'])), name='communities_distance_unit_known'), models.CheckConstraint(condition=models.Q(('language__in', ['en', 'es', 'fr', 'de', 'pt-br', 'ar'])), name='communities_language_known'), models.CheckConstraint(condition=models.Q(('east__lte', 180), ('north__lte', 90), ('south__gte', -90), ('south__lt', models.F('north')), ('west__gte', -180), ('west__lt', models.F('east'))), name='communities_box_is_real'), models.CheckConstraint(condition=models.Q(('centre_lat__gte', models.F('south')), ('centre_lat__lte', models.F('north')), ('centre_lon__gte', models.F('west')), ('centre_lon__lte', models.F('east'))), name='communities_centre_in_box'), models.CheckConstraint(condition=models.Q(('starter_grant__gte', 0), ('starter_grant__lte', 10000000)), name='communities_starter_grant_in_bounds')],
            },
        ),
    ]
