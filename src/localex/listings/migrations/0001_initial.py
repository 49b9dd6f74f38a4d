"""The tables of categories, listings and their pictures."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.constraints
import django.db.models.deletion
import localex.lib.clock
import localex.lib.ids
import localex.listings.vectors
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('communities', '0001_initial'),
        ('media', '0001_initial'),
        ('members', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Category',
            fields=[
                ('id', models.UUIDField(default=localex.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('slug', models.SlugField(max_length=60, unique=True)),
                ('name', models.CharField(max_length=60)),
                ('icon', models.CharField(blank=True, default='', max_length=40)),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='listings.category')),
            ],
            options={
                'verbose_name_plural': 'categories',
                'ordering': ['position', 'name'],
            },
        ),
        migrations.CreateModel(
            name='Listing',
            fields=[
                ('id', models.UUIDField(default=localex.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('direction', models.CharField(choices=[('offer', 'Offer'), ('wanted', 'Wanted')], default='offer', max_length=6)),
                ('kind', models.CharField(choices=[('sale', 'For credits'), ('gift', 'Gift')], default='sale', max_length=4)),
                ('title', models.CharField(blank=True, default='', max_length=100)),
                ('description', models.CharField(blank=True, default='', max_length=2000)),
                ('condition', models.CharField(blank=True, choices=[('new', 'New'), ('like_new', 'Like new'), ('good', 'Good'), ('fair', 'Fair'), ('poor', 'Poor')], default='', max_length=8)),
                ('price', models.BigIntegerField(default=0, help_text='Hundredths of a credit; 0 for gifts.')),
                ('known_issues', models.CharField(blank=True, default='', max_length=500)),
                ('brand', models.CharField(blank=True, default='', max_length=60)),
                ('size', models.CharField(blank=True, default='', max_length=40)),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('pending_review', 'Waiting for review'), ('active', 'Active'), ('reserved', 'Reserved'), ('traded', 'Traded'), ('paused', 'Paused'), ('expired', 'Expired'), ('removed', 'Removed')], default='draft', max_length=14)),
                ('latitude', models.FloatField(blank=True, null=True)),
                ('longitude', models.FloatField(blank=True, null=True)),
                ('cell_latitude', models.FloatField(blank=True, null=True)),
                ('cell_longitude', models.FloatField(blank=True, null=True)),
                ('language', models.CharField(default='en', max_length=10)),
                ('published_at', models.DateTimeField(blank=True, null=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=localex.lib.clock.now)),
                ('updated_at', models.DateTimeField(default=localex.lib.clock.now)),
                ('search_vector', models.GeneratedField(db_persist=True, expression=localex.listings.vectors.Joined(localex.listings.vectors.WeightedText('language', 'title', weight='A'), localex.listings.vectors.WeightedText('language', 'description', weight='B'), localex.listings.vectors.WeightedText('language', 'brand', weight='C')), output_field=django.contrib.postgres.search.SearchVectorField())),
                ('category', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='listings.category')),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='communities.community')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.member')),
            ],
        ),
        migrations.CreateModel(
            name='ListingPhoto',
            fields=[
                ('id', models.UUIDField(default=localex.lib.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('position', models.PositiveSmallIntegerField()),
                ('alt_text', models.CharField(blank=True, default='', max_length=200)),
                ('community', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='communities.community')),
                ('listing', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='listing_photos', to='listings.listing')),
                ('photo', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='media.photo')),
            ],
            options={
                'ordering': ['position'],
            },
        ),
        migrations.AddIndex(
            model_name='listing',
            index=models.Index(models.F('community'), models.OrderBy(models.F('published_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('state', 'active')), name='listing_newest'),
        ),
        migrations.AddIndex(
            model_name='listing',
            index=models.Index(models.F('community'), models.F('price'), models.F('id'), condition=models.Q(('state', 'active')), name='listing_price'),
        ),
        migrations.AddIndex(
            model_name='listing',
            index=models.Index(models.F('community'), models.F('category'), models.OrderBy(models.F('published_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('state', 'active')), name='listing_category'),
        ),
        migrations.AddIndex(
            model_name='listing',
            index=models.Index(models.F('owner'), models.OrderBy(models.F('updated_at'), descending=True), models.OrderBy(models.F('id'), descending=True), name='listing_owner'),
        ),
        migrations.AddIndex(
            model_name='listing',
            index=models.Index(models.F('expires_at'), models.F('id'), condition=models.Q(('state__in', ['active', 'paused'])), name='listing_expiry'),
        ),
        migrations.AddIndex(
            model_name='listing',
            index=django.contrib.postgres.indexes.GinIndex(models.F('search_vector'), condition=models.Q(('state', 'active')), name='listing_words'),
        ),
        migrations.AddIndex(
            model_name='listing',
            index=django.contrib.postgres.indexes.GistIndex(models.Func(models.F('cell_longitude'), models.F('cell_latitude'), function='point'), condition=models.Q(('state', 'active')), name='listing_cell'),
        ),
        migrations.AddConstraint(
            model_name='listing',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'pending_review', 'active', 'reserved', 'traded', 'paused', 'expired', 'removed'])), name='listing_state_known'),
        ),
        migrations.AddConstraint(
            model_name='listing',
            constraint=models.CheckConstraint(condition=models.Q(('direction__in', ['offer', 'wanted'])), name='listing_direction_known'),
        ),
        migrations.AddConstraint(
            model_name='listing',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['sale', 'gift'])), name='listing_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='listing',
            constraint=models.CheckConstraint(condition=models.Q(('condition__in', ['', 'new', 'like_new', 'good', 'fair', 'poor'])), name='listing_condition_known'),
        ),
        migrations.AddConstraint(
            model_name='listing',
            constraint=models.CheckConstraint(condition=models.Q(('price', 0), models.Q(('kind', 'sale'), ('price__gte', 100), ('price__lte', 10000000)), _connector='OR'), name='listing_price_in_range'),
        ),
        migrations.AddConstraint(
            model_name='listing',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'removed']), models.Q(models.Q(('kind', 'gift'), ('price__gt', 0), _connector='OR'), models.Q(('direction', 'wanted'), models.Q(('condition', ''), _negated=True), _connector='OR'), ('category__isnull', False), ('cell_latitude__isnull', False), ('cell_longitude__isnull', False), ('published_at__isnull', False), models.Q(('title', ''), _negated=True), models.Q(('description', ''), _negated=True)), _connector='OR'), name='listing_shown_is_whole'),
        ),
        migrations.AddConstraint(
            model_name='listingphoto',
            constraint=models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('community', 'listing', 'position'), name='listing_photo_position'),
        ),
        migrations.AddConstraint(
            model_name='listingphoto',
            constraint=models.UniqueConstraint(fields=('community', 'listing', 'photo'), name='listing_photo_once'),
        ),
        migrations.AddConstraint(
            model_name='listingphoto',
            constraint=models.CheckConstraint(condition=models.Q(('position__lt', 12)), name='listing_photo_at_most_12'),
        ),
    ]
