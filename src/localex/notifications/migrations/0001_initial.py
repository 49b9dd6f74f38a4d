import django.db.models.deletion
import localex.lib.clock
import localex.lib.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('communities', '0001_initial'),
        ('members', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.UUIDField(default=localex.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=40)),
                ('facts', models.JSONField(default=dict)),
                ('subject', models.CharField(choices=[('offer', 'Offer'), ('trade', 'Trade'), ('listing', 'Listing'), ('credits', 'Credits')], max_length=7)),
                ('subject_id', models.UUIDField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=localex.lib.clock.now, editable=False)),
                ('read_at', models.DateTimeField(blank=True, null=True)),
                ('actor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='members.member')),
                ('community', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='communities.community')),
                ('member', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='notices', to='members.member')),
            ],
        ),
        migrations.CreateModel(
            name='Mail',
            fields=[
                ('id', models.UUIDField(default=localex.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('notice', 'Notice'), ('account', 'Account')], max_length=7)),
                ('to', models.EmailField(blank=True, default='', max_length=254)),
                ('subject', models.CharField(blank=True, default='', max_length=200)),
                ('text', models.TextField(blank=True, default='', max_length=20000)),
                ('html', models.TextField(blank=True, default='', max_length=100000)),
                ('state', models.CharField(choices=[('queued', 'Waiting'), ('sending', 'Being sent'), ('sent', 'Sent'), ('failed', 'Not accepted'), ('uncertain', 'Perhaps sent')], default='queued', max_length=9)),
                ('created_at', models.DateTimeField(default=localex.lib.clock.now, editable=False)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('last_error', models.CharField(blank=True, default='', max_length=300)),
                ('notice', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='mail', to='notifications.notice')),
            ],
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(models.F('member'), models.OrderBy(models.F('id'), descending=True), name='notice_inbox'),
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(condition=models.Q(('read_at__isnull', True)), fields=['member'], name='notice_unread'),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.CheckConstraint(condition=models.Q(('subject__in', ['offer', 'trade', 'listing', 'credits'])), name='notice_subject_known'),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('subject', 'credits'), ('subject_id__isnull', True)), models.Q(models.Q(('subject', 'credits'), _negated=True), ('subject_id__isnull', False)), _connector='OR'), name='notice_subject_is_named'),
        ),
        migrations.AddIndex(
            model_name='mail',
            index=models.Index(condition=models.Q(('state', 'sent'), _negated=True), fields=['state', 'id'], name='mail_open'),
        ),
        migrations.AddConstraint(
            model_name='mail',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'sending', 'sent', 'failed', 'uncertain'])), name='mail_state_known'),
        ),
        migrations.AddConstraint(
            model_name='mail',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('html', ''), ('kind', 'notice'), ('notice__isnull', False), ('text', ''), ('to', '')), models.Q(('kind', 'account'), ('notice__isnull', True), models.Q(('to', ''), _negated=True)), _connector='OR'), name='mail_kind_fits'),
        ),
        migrations.AddConstraint(
            model_name='mail',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['sent', 'uncertain', 'failed']), _negated=True), models.Q(('html', ''), ('text', '')), _connector='OR'), name='mail_sent_is_empty'),
        ),
    ]
