"""The statement to take away: a file of comma-separated values, and a page to print. Amounts are hundredths."""

import codecs
import csv
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from django.utils.timezone import localdate

from localex.credits import queries
from localex.credits.forms import StatementForm, say_date
from localex.credits.pages import LINES_TO_PRINT, Asker, Row, describe_lines, filters_of, read_form
from localex.credits.wording import name_kind
from localex.lib import clock
from localex.lib.errors import BadRequest
from localex.lib.money import HUNDREDTHS

MAX_LINES: Final = 100_000
BATCH: Final = 200
# `code` is the ledger's own name of the kind, which stays the same when words change.
HEADINGS: Final = (
    "time",
    "kind",
    "what",
    "with",
    "amount",
    "fee",
    "balance after",
    "trade",
    "posting",
    "code",
    "reason",
)
# What spreadsheets take for the beginning of a formula.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def read_right_form(who: Asker, address: Any) -> StatementForm:
    """The filters of an address. Raises BadRequest when one of them is wrong: a file cannot say which."""
    form = read_form(who, address)
    if form.errors:
        raise BadRequest("One of the filters makes no sense. Go back to your statement and choose again.")
    return form


def stream_csv(who: Asker, form: StatementForm) -> Iterator[bytes]:
    """The lines that the filters leave as UTF-8 with a byte order mark (spreadsheets ask for it), newest first.

    Times are ISO 8601 in the community's time zone, amounts have a decimal point and two decimals. At most 100,000
    lines; the last one says so when there are more. Reads while it is sent, 500 entries at a time.
    """
    writer = csv.writer(_Echo())
    yield codecs.BOM_UTF8 + writer.writerow(HEADINGS).encode()
    lines = queries.iterate_statement(community_id=who.community_id, owner=who.owner, filters=filters_of(who, form))
    wanted = islice(lines, MAX_LINES)
    while some := list(islice(wanted, BATCH)):
        rows = describe_lines(who, some)
        yield "".join(writer.writerow(_cells(row, who)) for row in rows).encode()
    if next(lines, None) is not None:
        words = f"Older lines are left out after {MAX_LINES:,}. Choose a range of dates to get them."
        yield writer.writerow(["", "", words, *[""] * (len(HEADINGS) - 3)]).encode()


def _cells(row: Row, who: Asker) -> list[str]:
    return [
        row.when.astimezone(who.zone).isoformat(timespec="seconds"),
        name_kind(row.kind),
        disarm(row.words),
        disarm(row.partner),
        say_decimal(row.amount),
        say_decimal(row.fee) if row.fee else "",
        say_decimal(row.balance_after),
        str(row.trade_id or ""),
        str(row.journal_id),
        row.kind,
        disarm(row.reason),
    ]


def disarm(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe comes before what looks like the start of one."""
    return f"'{text}" if text.startswith(FORMULA) else text


def say_decimal(amount: int) -> str:
    """Hundredths for programs: -1250 is "-12.50"."""
    whole, rest = divmod(abs(amount), HUNDREDTHS)
    return f"{'-' if amount < 0 else ''}{whole}.{rest:02d}"


def name_file(form: StatementForm) -> str:
    """ "localex-credits-2026-01-01-to-2026-11-23.csv": the days asked for, or until when it was made."""
    since, until = form.value("since"), form.value("until") or localdate(clock.now())
    return f"localex-credits{f'-{since}' if since else ''}-to-{until}.csv"


def describe_print(who: Asker, address: Any) -> dict[str, Any]:
    """The context of print.html: the lines of a period with what the member had before and after, oldest first."""
    form = read_right_form(who, address)
    filters = filters_of(who, form)
    page = queries.list_statement(
        community_id=who.community_id,
        owner=who.owner,
        cursor=address.get("cursor"),
        limit=LINES_TO_PRINT,
        filters=filters,
    )
    rows = describe_lines(who, page.items)
    return {
        "form": form,
        "page": page,
        "rows": rows[::-1],
        "came_in": sum(row.amount for row in rows if row.amount > 0),
        "went_out": -sum(row.amount for row in rows if row.amount < 0),
        # Between them lie lines that a filter hides: framed by the two, those that are shown would not add up.
        "has_frame": not filters.has_to_look,
        "period": _say_period(form),
        "is_cut": page.next_cursor is not None,
        "made_at": clock.now(),
        "zone_name": str(who.zone),
        "only": [chip["label"] for chip in form.chips if chip["name"] not in {"since", "until"}],
    }


def _say_period(form: StatementForm) -> str:
    since, until = form.value("since"), form.value("until")
    today = localdate(clock.now())
    last = say_date(min(until, today) if until else today)
    return f"{say_date(since)} to {last}" if since else f"Up to {last}"
