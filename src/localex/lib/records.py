"""The base of every table: an id that is also a time order."""

from django.db import models

from localex.lib.ids import new_id


class Record(models.Model):
    """A row whose primary key is a UUIDv7 made in Python, so that it is known before it is saved."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)

    class Meta:
        abstract = True
