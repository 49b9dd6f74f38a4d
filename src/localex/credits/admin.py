"""Staff look at the ledger; nobody edits it, not even here."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from localex.credits import naming
from localex.credits.models import Account, Entry, Hold, Journal
from localex.lib.money import display
from localex.lib.staff import ReadOnly

LAST_ENTRIES = 50


# What has a name elsewhere.
NAMED = ("community_id", "owner", "payer", "payee", "trade_id", "actor", "reference")


def _link(row: Any, number: UUID | None) -> Any:
    """The name that `number` has elsewhere, as a link; the number when nobody knows it."""
    if number is None:
        return "–"
    names = row.names if hasattr(row, "names") else naming.name_numbers([number])
    found = names.get(number)
    return format_html('<a href="{}">{}</a>', found.address, found.name) if found else str(number)


class LedgerAdmin(ReadOnly, ModelAdmin):
    """Reading only. The database would refuse anything else."""

    search_help_text = "A member's name, or a whole number (UUID) of one of them."
    list_per_page = 50
    show_full_result_count = False
    actions = None

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        """Rows in which one of `search_fields` is exactly this number, or that of somebody with such a name."""
        words = search_term.strip()
        if not words:
            return queryset, False
        try:
            numbers = {UUID(words)}
        except ValueError:
            numbers = naming.find_numbers(words)
        wanted = Q()
        for name in self.search_fields:
            wanted |= Q(**{f"{name}__in": numbers})
        return queryset.filter(wanted), False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """With the names of all rows asked for at once."""
        page = super().get_changelist_instance(request)
        page.result_list = list(page.result_list)
        numbers = {getattr(row, name) for row in page.result_list for name in NAMED if hasattr(row, name)}
        names = naming.name_numbers(numbers - {None})
        for row in page.result_list:
            row.names = names
        return page

    @admin.display(description="community")
    def community(self, row: Any) -> Any:
        """Its name, which leads to its page."""
        return _link(row, row.community_id)


@admin.register(Account)
class AccountAdmin(LedgerAdmin):
    """Accounts with their balance in credits, and the last entries of each."""

    list_display = ["account_id", "kind", "community", "whose", "balance", "entry_count", "last_at", "is_open"]
    list_filter = ["kind", "is_open"]
    search_fields = ["community_id", "owner"]
    ordering = ["-account_id"]
    fields = [
        *["kind", "community", "whose", "owner", "balance", "lowest", "highest", "opened_at", "is_open", "last_entries"]
    ]
    readonly_fields = ["community", "whose", "balance", "lowest", "highest", "last_entries"]

    @admin.display(description="whose")
    def whose(self, account: Account) -> Any:
        """The member, or the other community of a clearing account."""
        return _link(account, account.owner)

    @admin.display(description="may go down to (credits)")
    def lowest(self, account: Account) -> str:
        """The floor in credits."""
        return "–" if account.floor is None else display(account.floor)

    @admin.display(description="may go up to (credits)")
    def highest(self, account: Account) -> str:
        """The ceiling in credits."""
        return "–" if account.ceiling is None else display(account.ceiling)

    @admin.display(description="balance (credits)", ordering="posted")
    def balance(self, account: Account) -> str:
        """The balance in credits instead of hundredths."""
        return display(account.posted)

    @admin.display(description=f"last {LAST_ENTRIES} entries")
    def last_entries(self, account: Account) -> SafeString:
        """Number, time, amount, balance after, posting; by the primary key of ledger.entry, backwards."""
        entries: QuerySet[Entry] = Entry.objects.filter(account_id=account.account_id).order_by("-seq")[:LAST_ENTRIES]
        rows = format_html_join(
            "",
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            ((e.seq, e.booked_at, display(e.amount), display(e.balance_after), e.journal_id) for e in entries),
        )
        head = "<tr><th>No.</th><th>Booked</th><th>Amount</th><th>Balance after</th><th>Posting</th></tr>"
        return format_html("<table><thead>{}</thead><tbody>{}</tbody></table>", SafeString(head), rows)


@admin.register(Journal)
class JournalAdmin(LedgerAdmin):
    """Every attempt to post, the newest first by key."""

    list_display = ["journal_id", "kind", "reason", "booked_at", "community", "about", "by"]
    list_filter = ["kind", "reason"]
    search_fields = ["journal_id", "reference"]
    search_help_text = "A whole number (UUID): of a posting, or of the trade that it is about."
    ordering = ["-journal_id"]

    @admin.display(description="about")
    def about(self, journal: Journal) -> Any:
        """The trade, as a rule."""
        return _link(journal, journal.reference)

    @admin.display(description="by")
    def by(self, journal: Journal) -> Any:
        """Who did it."""
        return _link(journal, journal.actor)


@admin.register(Hold)
class HoldAdmin(LedgerAdmin):
    """Credits set aside for trades."""

    list_display = ["trade", "state", "credits", "buyer", "seller", "expires_at", "community"]
    list_filter = ["state"]
    search_fields = ["trade_id", "payer", "payee"]
    ordering = ["-trade_id"]
    # The row leads to the hold, its names to the others.
    list_display_links = ["state"]
    fields = [
        "trade",
        "state",
        "credits",
        "buyer",
        "seller",
        "community",
        "expires_at",
        "trade_id",
        "held_by",
        "ended_by",
    ]
    readonly_fields = ["trade", "credits", "buyer", "seller", "community"]

    @admin.display(description="trade")
    def trade(self, hold: Hold) -> Any:
        """The title of its listing."""
        return _link(hold, hold.trade_id)

    @admin.display(description="buyer")
    def buyer(self, hold: Hold) -> Any:
        """Whose credits they are."""
        return _link(hold, hold.payer)

    @admin.display(description="seller")
    def seller(self, hold: Hold) -> Any:
        """Who gets them at the handover."""
        return _link(hold, hold.payee)

    @admin.display(description="held (credits)", ordering="amount")
    def credits(self, hold: Hold) -> Any:
        """The amount in credits instead of hundredths."""
        return display(hold.amount)
