"""Staff look at the ledger; nobody edits it, not even here."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from localex.credits.models import Account, Entry, Hold, Journal
from localex.lib.money import display
from localex.lib.staff import ReadOnly

LAST_ENTRIES = 50


class LedgerAdmin(ReadOnly, ModelAdmin):
    """Reading only. The database would refuse anything else."""

    search_help_text = "A whole number (UUID) of one of them."
    list_per_page = 50
    show_full_result_count = False
    actions = None

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        """Rows in which one of `search_fields` is exactly this number: nothing here has another name."""
        if not search_term.strip():
            return queryset, False
        try:
            number = UUID(search_term.strip())
        except ValueError:
            return queryset.none(), False
        wanted = Q()
        for name in self.search_fields:
            wanted |= Q(**{str(name): number})
        return queryset.filter(wanted), False


@admin.register(Account)
class AccountAdmin(LedgerAdmin):
    """Accounts with their balance in credits, and the last entries of each."""

    list_display = ["account_id", "kind", "community_id", "owner", "balance", "entry_count", "last_at", "is_open"]
    list_filter = ["kind", "is_open"]
    search_fields = ["community_id", "owner"]
    ordering = ["-account_id"]
    fields = ["kind", "community_id", "owner", "balance", "floor", "ceiling", "opened_at", "is_open", "last_entries"]
    readonly_fields = ["balance", "last_entries"]

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

    list_display = ["journal_id", "kind", "reason", "booked_at", "community_id", "reference", "actor"]
    list_filter = ["kind", "reason"]
    search_fields = ["journal_id", "reference"]
    ordering = ["-journal_id"]


@admin.register(Hold)
class HoldAdmin(LedgerAdmin):
    """Credits set aside for trades."""

    list_display = ["trade_id", "state", "credits", "payer", "expires_at", "community_id"]
    list_filter = ["state"]
    search_fields = ["trade_id", "payer"]
    ordering = ["-trade_id"]

    @admin.display(description="held (credits)", ordering="amount")
    def credits(self, hold: Hold) -> Any:
        """The amount in credits instead of hundredths."""
        return display(hold.amount)
