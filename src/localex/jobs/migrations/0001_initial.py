import localex.lib.clock
import localex.lib.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Schedule',
            fields=[
                ('name', models.CharField(max_length=80, primary_key=True, serialize=False)),
                ('task', models.CharField(max_length=200)),
                ('rhythm', models.CharField(help_text='`every N s`, or five cron fields in UTC.', max_length=80)),
                ('next_run_at', models.DateTimeField()),
                ('last_run_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'db_table': 'schedule',
            },
        ),
        migrations.CreateModel(
            name='EffectDone',
            fields=[
                ('pk', models.CompositePrimaryKey('kind', 'key', blank=True, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=40)),
                ('key', models.CharField(max_length=200)),
                ('done_at', models.DateTimeField(default=localex.lib.clock.now)),
            ],
            options={
                'db_table': 'effect_done',
                'indexes': [models.Index(fields=['done_at'], name='effect_done_at')],
            },
        ),
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.UUIDField(default=localex.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('queue', models.CharField(max_length=40)),
                ('task', models.CharField(help_text='The dotted path of the task function.', max_length=200)),
                ('payload', models.JSONField(default=dict, help_text="The task's arguments: ids, never content.")),
                ('dedupe_key', models.CharField(blank=True, help_text='At most one waiting job of a task has this key.', max_length=200, null=True)),
                ('state', models.CharField(choices=[('ready', 'Waiting'), ('running', 'Running'), ('done', 'Done'), ('dead', 'Dead')], default='ready', max_length=7)),
                ('priority', models.SmallIntegerField(default=0, help_text='-100 to 100; higher goes first.')),
                ('run_at', models.DateTimeField(default=localex.lib.clock.now, help_text='Not before this moment.')),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('max_attempts', models.PositiveSmallIntegerField(default=10)),
                ('fence', models.BigIntegerField(default=0, help_text='Grows with every claim; only the newest claim may finish.')),
                ('lease_until', models.DateTimeField(blank=True, help_text="By the database's clock.", null=True)),
                ('traceparent', models.CharField(blank=True, default='', max_length=55)),
                ('last_error', models.TextField(blank=True, default='', max_length=2000)),
                ('created_at', models.DateTimeField(default=localex.lib.clock.now)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'db_table': 'job',
                'indexes': [models.Index(models.F('queue'), models.OrderBy(models.F('priority'), descending=True), models.F('run_at'), models.F('id'), condition=models.Q(('state', 'ready')), name='job_next'), models.Index(condition=models.Q(('state', 'running')), fields=['lease_until'], name='job_lease'), models.Index(condition=models.Q(('state__in', ['done', 'dead'])), fields=['state', 'finished_at', 'id'], name='job_ended')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'ready')), fields=('task', 'dedupe_key'), name='job_dedupe'), models.CheckConstraint(condition=models.Q(('state__in', ['ready', 'running', 'done', 'dead'])), name='job_state_known'), models.CheckConstraint(condition=models.Q(models.Q(('lease_until__isnull', False), ('state', 'running')), models.Q(models.Q(('state', 'running'), _negated=True), ('lease_until__isnull', True)), _connector='OR'), name='job_lease_while_running')],
            },
        ),
        # Every job is updated twice and then deleted: vacuum early, so that the claim does not step over dead rows.
        migrations.RunSQL(
            sql="""
                ALTER TABLE job SET (
                    fillfactor = 80,
                    autovacuum_vacuum_threshold = 500,
                    autovacuum_vacuum_scale_factor = 0.02,
                    autovacuum_analyze_scale_factor = 0.02
                )
            """,
            reverse_sql="""
                ALTER TABLE job RESET (
                    fillfactor,
                    autovacuum_vacuum_threshold,
                    autovacuum_vacuum_scale_factor,
                    autovacuum_analyze_scale_factor
                )
            """,
        ),
    ]
