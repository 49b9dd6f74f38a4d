"""Accounts, members, former names, counts of attempts."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.text
import localex.lib.clock
import localex.lib.ids
import localex.members.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('communities', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='User',
            fields=[
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('id', models.UUIDField(default=localex.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('email', models.EmailField(max_length=254, verbose_name='e-mail address')),
                ('is_active', models.BooleanField(default=True, help_text='Switched off, nobody can sign in with this account.')),
                ('is_staff', models.BooleanField(default=False, help_text='May open the staff pages.')),
                ('attested_adult_at', models.DateTimeField(blank=True, help_text='When they said to be 18 or older.', null=True)),
                ('joined_at', models.DateTimeField(default=localex.lib.clock.now, editable=False)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'account',
            },
        ),
        migrations.CreateModel(
            name='AttemptCount',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('scope', models.CharField(max_length=40)),
                ('key_digest', models.CharField(help_text='Who, as a keyed digest: no address is stored.', max_length=64)),
                ('moments', django.contrib.postgres.fields.ArrayField(base_field=models.DateTimeField(), size=None)),
                ('is_allowed', models.BooleanField(help_text='Whether the latest attempt was within the limit.')),
                ('expires_at', models.DateTimeField(db_index=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('scope', 'key_digest'), name='attempt_count_unique')],
            },
        ),
        migrations.CreateModel(
            name='Member',
            fields=[
                ('id', models.UUIDField(default=localex.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('display_name', models.CharField(max_length=40)),
                ('state', models.CharField(choices=[('pending', 'Pending'), ('active', 'Active'), ('suspended', 'Suspended'), ('closed', 'Closed')], default='pending', max_length=10)),
                ('joined_at', models.DateTimeField(default=localex.lib.clock.now, editable=False)),
                ('confirmed_at', models.DateTimeField(blank=True, null=True)),
                ('name_redrawn_at', models.DateTimeField(blank=True, null=True)),
                ('latitude', models.FloatField(blank=True, null=True)),
                ('longitude', models.FloatField(blank=True, null=True)),
                ('cell_latitude', models.FloatField(blank=True, null=True)),
                ('cell_longitude', models.FloatField(blank=True, null=True)),
                ('area_name', models.CharField(blank=True, help_text='A part of town, as others may know it.', max_length=80)),
                ('ledger_ref', models.UUIDField(default=localex.members.models.new_ledger_ref, editable=False, help_text='Their owner number in the ledger.')),
                ('starter_granted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('review_count', models.PositiveIntegerField(default=0)),
                ('review_stars', models.PositiveIntegerField(default=0, help_text='The sum of the stars of all published reviews.')),
                ('trades_completed', models.PositiveIntegerField(default=0)),
                ('community', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='members', to='communities.community')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='FormerName',
            fields=[
                ('id', models.UUIDField(default=localex.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('display_name', models.CharField(max_length=40)),
                ('given_up_at', models.DateTimeField(default=localex.lib.clock.now, editable=False)),
                ('community', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='communities.community')),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='former_names', to='members.member')),
            ],
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(fields=('email',), name='user_email_unique'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='user_email_lower_case'),
        ),
        migrations.AddConstraint(
            model_name='member',
            constraint=models.UniqueConstraint(models.F('community'), django.db.models.functions.text.Lower('display_name'), name='member_name_unique'),
        ),
        migrations.AddConstraint(
            model_name='member',
            constraint=models.UniqueConstraint(fields=('community', 'user'), name='member_user_unique'),
        ),
        migrations.AddConstraint(
            model_name='member',
            constraint=models.UniqueConstraint(fields=('community', 'ledger_ref'), name='member_ledger_ref_unique'),
        ),
        migrations.AddConstraint(
            model_name='member',
            constraint=models.CheckConstraint(condition=models.Q(('display_name__regex', '^[A-Z][a-z]+[A-Z][a-z]+_\\d{4}$')), name='member_name_shape'),
        ),
        migrations.AddConstraint(
            model_name='member',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['pending', 'active', 'suspended', 'closed'])), name='member_state_known'),
        ),
        migrations.AddConstraint(
            model_name='member',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'active'), _negated=True), ('confirmed_at__isnull', False), _connector='OR'), name='member_active_is_confirmed'),
        ),
        migrations.AddConstraint(
            model_name='member',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('cell_latitude__isnull', True), ('cell_longitude__isnull', True), ('latitude__isnull', True), ('longitude__isnull', True)), models.Q(('cell_latitude__isnull', False), ('cell_latitude__range', (-90, 90)), ('cell_longitude__isnull', False), ('cell_longitude__range', (-180, 180)), ('latitude__isnull', False), ('latitude__range', (-90, 90)), ('longitude__isnull', False), ('longitude__range', (-180, 180))), _connector='OR'), name='member_place_whole'),
        ),
        migrations.AddConstraint(
            model_name='member',
            constraint=models.CheckConstraint(condition=models.Q(('review_stars__gte', models.F('review_count')), ('review_stars__lte', django.db.models.expressions.CombinedExpression(models.F('review_count'), '*', models.Value(5)))), name='member_stars_possible'),
        ),
        migrations.AddConstraint(
            model_name='formername',
            constraint=models.UniqueConstraint(models.F('community'), django.db.models.functions.text.Lower('display_name'), name='former_name_unique'),
        ),
    ]
