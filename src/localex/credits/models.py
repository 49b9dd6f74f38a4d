"""The ledger's views as Django models, for reading only: the database refuses everything else. And what checks found.

Amounts are hundredths. A community is named by its id, not by a foreign key: the ledger knows nothing above it.
"""

from django.db import models

from localex.lib.records import Record


class Account(models.Model):
    """An account and its balance."""

    account_id = models.BigIntegerField(primary_key=True)
    community_id = models.UUIDField()
    owner = models.UUIDField(null=True)
    kind = models.TextField()
    posted = models.BigIntegerField()
    floor = models.BigIntegerField(null=True)
    ceiling = models.BigIntegerField(null=True)
    available = models.BigIntegerField(null=True)
    entry_count = models.BigIntegerField()
    last_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()
    is_open = models.BooleanField()

    class Meta:
        managed = False
        db_table = '"ledger"."accounts"'

    def __str__(self) -> str:
        return f"{self.kind} account {self.account_id}"


class Journal(models.Model):
    """One attempt to post; `reason` says why a refused one was refused."""

    journal_id = models.UUIDField(primary_key=True)
    community_id = models.UUIDField()
    kind = models.TextField()
    reason = models.TextField(null=True)
    booked_at = models.DateTimeField()
    actor = models.UUIDField(null=True)
    reference = models.UUIDField(null=True)

    class Meta:
        managed = False
        db_table = '"ledger"."journals"'

    def __str__(self) -> str:
        return f"{self.kind} {self.journal_id}"


class Entry(models.Model):
    """One leg of a posting."""

    pk = models.CompositePrimaryKey("account_id", "seq")
    account_id = models.BigIntegerField()
    seq = models.BigIntegerField()
    amount = models.BigIntegerField()
    balance_after = models.BigIntegerField()
    booked_at = models.DateTimeField()
    journal_id = models.UUIDField()

    class Meta:
        managed = False
        db_table = '"ledger"."entries"'
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"entry {self.account_id}/{self.seq}"


class Hold(models.Model):
    """Credits set aside for one trade."""

    trade_id = models.UUIDField(primary_key=True)
    community_id = models.UUIDField()
    payer = models.UUIDField()
    escrow_id = models.BigIntegerField()
    amount = models.BigIntegerField()
    from_gift = models.BigIntegerField()
    from_main = models.BigIntegerField()
    expires_at = models.DateTimeField()
    state = models.TextField()
    held_by = models.UUIDField()
    ended_by = models.UUIDField(null=True)
    payee = models.UUIDField(null=True)
    price = models.BigIntegerField()
    buyer_fee = models.BigIntegerField()
    seller_fee = models.BigIntegerField()

    class Meta:
        managed = False
        db_table = '"ledger"."holds"'

    def __str__(self) -> str:
        return f"hold of trade {self.trade_id}"


class CheckRun(Record):
    """One run of the checker, kept for staff: the newest tells members whether their credits are in order.

    `scope`: full, or incremental (what was booked since the last seal that a run found in order). `results`: for each
    check its `name`, `words`, `count` of offending rows, the first of them as `offences` (`community_id`, `subject`,
    `detail`), and `notes`. `sealed_until`: the end of the last seal then, or None when a row was not in order; the next
    incremental run begins there.
    `resumed`: the communities (their ids) that an operator let go on knowing this.
    """

    FULL = "full"
    INCREMENTAL = "incremental"

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    scope = models.CharField(max_length=12, choices=[(FULL, "everything"), (INCREMENTAL, "what is new")])
    ok = models.BooleanField()
    results = models.JSONField(default=list)
    sealed_until = models.DateTimeField(null=True)
    resumed = models.JSONField(default=list, db_default=[])

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.scope} check of {self.started_at:%Y-%m-%d %H:%M}: {'in order' if self.ok else 'broken'}"
