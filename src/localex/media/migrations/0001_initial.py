"""The tables of pictures."""

import localex.lib.clock
import localex.lib.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Photo',
            fields=[
                ('id', models.UUIDField(default=localex.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('community_id', models.UUIDField()),
                ('uploader_id', models.UUIDField()),
                ('state', models.CharField(choices=[('pending', 'Being prepared'), ('ready', 'Ready'), ('rejected', 'Rejected')], default='pending', max_length=10)),
                ('reason', models.CharField(blank=True, default='', max_length=200)),
                ('raw_key', models.CharField(blank=True, default='', max_length=100)),
                ('sha256', models.CharField(blank=True, default='', max_length=64)),
                ('width', models.PositiveIntegerField(default=0)),
                ('height', models.PositiveIntegerField(default=0)),
                ('placeholder', models.CharField(blank=True, default='', max_length=2000)),
                ('created_at', models.DateTimeField(default=localex.lib.clock.now)),
            ],
            options={
                'indexes': [models.Index(fields=['community_id', 'uploader_id', 'created_at'], name='photo_uploader'), models.Index(condition=models.Q(('state', 'pending')), fields=['created_at'], name='photo_pending'), models.Index(condition=models.Q(('sha256', ''), _negated=True), fields=['sha256'], name='photo_sha256')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['pending', 'ready', 'rejected'])), name='photo_state_known'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'ready'), _negated=True), models.Q(('height__gt', 0), ('width__gt', 0), models.Q(('sha256', ''), _negated=True)), _connector='OR'), name='photo_ready_is_whole')],
            },
        ),
    ]
