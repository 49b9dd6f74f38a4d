import django.contrib.postgres.fields
import django.db.models.deletion
import localex.lib.clock
import localex.lib.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('communities', '0001_initial'),
        ('listings', '0002_categories'),
        ('members', '0001_initial'),
        ('places', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Offer',
            fields=[
                ('id', models.UUIDField(default=localex.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('price', models.BigIntegerField(help_text='Hundredths of a credit; 0 for gifts.')),
                ('state', models.CharField(choices=[('offered', 'Offered'), ('accepted', 'Accepted'), ('declined', 'Declined'), ('withdrawn', 'Withdrawn'), ('expired', 'Expired')], default='offered', max_length=12)),
                ('created_at', models.DateTimeField(default=localex.lib.clock.now)),
                ('deadline_at', models.DateTimeField(null=True)),
                ('answered_at', models.DateTimeField(null=True)),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='communities.community')),
                ('listing', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='offers', to='listings.listing')),
                ('maker', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='offers', to='members.member')),
            ],
        ),
        migrations.CreateModel(
            name='Trade',
            fields=[
                ('id', models.UUIDField(default=localex.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('price', models.BigIntegerField(help_text='Hundredths of a credit; 0 for gifts.')),
                ('state', models.CharField(choices=[('accepted', 'Agreed on the price'), ('scheduled', 'Meeting planned'), ('arrived', 'One has arrived'), ('meeting', 'Both are there'), ('handed_off', 'Handed over'), ('completed', 'Completed'), ('cancelled', 'Cancelled'), ('refunded', 'Refunded')], default='accepted', max_length=12)),
                ('created_at', models.DateTimeField(default=localex.lib.clock.now)),
                ('deadline_at', models.DateTimeField(null=True)),
                ('meet_starts_at', models.DateTimeField(null=True)),
                ('meet_ends_at', models.DateTimeField(null=True)),
                ('buyer_arrived_at', models.DateTimeField(null=True)),
                ('seller_arrived_at', models.DateTimeField(null=True)),
                ('handoff_secret', models.BinaryField(help_text='Makes the handoff code; never leaves the server.', max_length=20)),
                ('handoff_wrong_tries', models.PositiveSmallIntegerField(default=0)),
                ('handoff_locked_until', models.DateTimeField(null=True)),
                ('is_late_cancel', models.BooleanField(default=False, help_text='Cancelled less than 2 hours before the meetup.')),
                ('completed_at', models.DateTimeField(null=True)),
                ('closed_at', models.DateTimeField(help_text='When nothing is left to happen.', null=True)),
                ('buyer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='trades_as_buyer', to='members.member')),
                ('buyer_pick', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.safeplace')),
                ('cancelled_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.member')),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='communities.community')),
                ('listing', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='trades', to='listings.listing')),
                ('offer', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='trade', to='trading.offer')),
                ('place', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.safeplace')),
                ('seller', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='trades_as_seller', to='members.member')),
                ('seller_pick', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.safeplace')),
            ],
        ),
        migrations.CreateModel(
            name='TimeProposal',
            fields=[
                ('id', models.UUIDField(default=localex.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('accepted_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(default=localex.lib.clock.now)),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='communities.community')),
                ('proposer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.member')),
                ('trade', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='time_proposals', to='trading.trade')),
            ],
        ),
        migrations.CreateModel(
            name='Review',
            fields=[
                ('id', models.UUIDField(default=localex.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('stars', models.PositiveSmallIntegerField()),
                ('text', models.CharField(blank=True, max_length=500)),
                ('tags', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=30), blank=True, default=list, size=6)),
                ('created_at', models.DateTimeField(default=localex.lib.clock.now)),
                ('published_at', models.DateTimeField(null=True)),
                ('about', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='members.member')),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='communities.community')),
                ('writer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reviews_written', to='members.member')),
                ('trade', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='trading.trade')),
            ],
        ),
        migrations.CreateModel(
            name='PlaceOption',
            fields=[
                ('id', models.UUIDField(default=localex.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('rank', models.PositiveSmallIntegerField()),
                ('score', models.FloatField()),
                ('buyer_leg_km', models.FloatField()),
                ('seller_leg_km', models.FloatField()),
                ('reason', models.CharField(max_length=200)),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='communities.community')),
                ('place', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.safeplace')),
                ('trade', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='place_options', to='trading.trade')),
            ],
            options={
                'ordering': ['rank'],
            },
        ),
        migrations.CreateModel(
            name='TradeEvent',
            fields=[
                ('id', models.UUIDField(default=localex.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('subject', models.CharField(choices=[('offer', 'Offer'), ('trade', 'Trade')], max_length=5)),
                ('event', models.CharField(choices=[('make', 'Offer made'), ('accept', 'Offer accepted'), ('decline', 'Offer declined'), ('withdraw', 'Offer withdrawn'), ('supersede', 'Offer overtaken'), ('pick_place', 'Safe place picked'), ('propose_time', 'Time proposed'), ('accept_time', 'Time agreed'), ('schedule', 'Place and time agreed'), ('arrive', 'Arrived'), ('hand_over', 'Code given'), ('release', 'Credits released'), ('decline_item', 'Item declined'), ('cancel', 'Cancelled'), ('review', 'Review written'), ('publish_reviews', 'Reviews published'), ('time_out', 'Time ran out')], max_length=16)),
                ('state_before', models.CharField(blank=True, max_length=12)),
                ('state_after', models.CharField(max_length=12)),
                ('happened_at', models.DateTimeField(default=localex.lib.clock.now)),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.member')),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='communities.community')),
                ('offer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='trading.offer')),
                ('trade', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='trading.trade')),
            ],
        ),
        migrations.AddIndex(
            model_name='offer',
            index=models.Index(models.F('deadline_at'), models.F('id'), condition=models.Q(('state', 'offered')), name='offer_deadline'),
        ),
        migrations.AddIndex(
            model_name='offer',
            index=models.Index(fields=['listing', '-created_at'], name='offer_listing'),
        ),
        migrations.AddIndex(
            model_name='offer',
            index=models.Index(fields=['maker', '-created_at'], name='offer_maker'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'offered')), fields=('community', 'listing', 'maker'), name='offer_one_open'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['offered', 'accepted', 'declined', 'withdrawn', 'expired'])), name='offer_state_known'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(('price__gte', 0)), name='offer_price_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='offer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('deadline_at__isnull', False), ('state', 'offered')), models.Q(models.Q(('state', 'offered'), _negated=True), ('deadline_at__isnull', True)), _connector='OR'), name='offer_open_has_deadline'),
        ),
        migrations.AddIndex(
            model_name='trade',
            index=models.Index(models.F('deadline_at'), models.F('id'), condition=models.Q(('deadline_at__isnull', False)), name='trade_deadline'),
        ),
        migrations.AddIndex(
            model_name='trade',
            index=models.Index(fields=['buyer', '-created_at'], name='trade_buyer'),
        ),
        migrations.AddIndex(
            model_name='trade',
            index=models.Index(fields=['seller', '-created_at'], name='trade_seller'),
        ),
        migrations.AddConstraint(
            model_name='trade',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['accepted', 'scheduled', 'arrived', 'meeting', 'handed_off', 'completed', 'cancelled', 'refunded'])), name='trade_state_known'),
        ),
        migrations.AddConstraint(
            model_name='trade',
            constraint=models.CheckConstraint(condition=models.Q(('seller', models.F('buyer')), _negated=True), name='trade_two_members'),
        ),
        migrations.AddConstraint(
            model_name='trade',
            constraint=models.CheckConstraint(condition=models.Q(('price__gte', 0)), name='trade_price_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='trade',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(models.Q(('state__in', ['cancelled', 'refunded']), _negated=True), models.Q(('closed_at__isnull', False), ('state', 'completed'), _negated=True), ('deadline_at__isnull', False)), models.Q(models.Q(models.Q(('state__in', ['cancelled', 'refunded']), _negated=True), models.Q(('closed_at__isnull', False), ('state', 'completed'), _negated=True), _negated=True), ('deadline_at__isnull', True)), _connector='OR'), name='trade_open_has_deadline'),
        ),
        migrations.AddConstraint(
            model_name='trade',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['scheduled', 'arrived', 'meeting']), _negated=True), models.Q(('meet_ends_at__isnull', False), ('meet_starts_at__isnull', False), ('place__isnull', False)), _connector='OR'), name='trade_scheduled_is_whole'),
        ),
        migrations.AddConstraint(
            model_name='trade',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'handed_off'), _negated=True), name='trade_handed_off_passes'),
        ),
        migrations.AddConstraint(
            model_name='trade',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['accepted', 'scheduled', 'arrived', 'meeting'])), fields=('community', 'listing'), name='trade_one_open_a_listing'),
        ),
        migrations.AddConstraint(
            model_name='timeproposal',
            constraint=models.UniqueConstraint(fields=('community', 'trade', 'proposer', 'starts_at'), name='time_proposal_once'),
        ),
        migrations.AddConstraint(
            model_name='timeproposal',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='time_proposal_has_length'),
        ),
        migrations.AddIndex(
            model_name='review',
            index=models.Index(condition=models.Q(('published_at__isnull', False)), fields=['about', '-published_at'], name='review_about'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.UniqueConstraint(fields=('community', 'trade', 'writer'), name='review_once'),
        ),
        migrations.AddConstraint(
            model_name='review',
            constraint=models.CheckConstraint(condition=models.Q(('stars__range', (1, 5))), name='review_stars_range'),
        ),
        migrations.AddConstraint(
            model_name='placeoption',
            constraint=models.UniqueConstraint(fields=('community', 'trade', 'place'), name='place_option_once'),
        ),
        migrations.AddConstraint(
            model_name='placeoption',
            constraint=models.UniqueConstraint(fields=('community', 'trade', 'rank'), name='place_option_rank'),
        ),
        migrations.AddIndex(
            model_name='tradeevent',
            index=models.Index(models.F('trade'), models.F('id'), name='trade_event_trade'),
        ),
        migrations.AddIndex(
            model_name='tradeevent',
            index=models.Index(models.F('offer'), models.F('id'), name='trade_event_offer'),
        ),
    ]
