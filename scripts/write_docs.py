"""Writes the pages of docs/ that are made from code: the states, the settings and the commands.

`python scripts/write_docs.py` writes them, `--check` says whether they are up to date (a test does the same).
"""

import argparse
import sys
from pathlib import Path

from command_reference import build_commands

from localex.config.environment import Environment, variable_name
from localex.credits.guide import SCRIPT
from localex.credits.guide import SOURCE as GUIDE
from localex.trading.states import DEADLINES, TABLE, Actor, OfferState, Subject, TradeState

DOCS = Path(__file__).parent.parent / "docs"

TRADING_TOP = """# The trade, state by state

Made from `src/localex/trading/states.py` by `python scripts/write_docs.py`: the table that services, tests and the
trade page read. Nothing else decides what may happen next. Every state that is not an end has a deadline, the database
refuses a row without one (`offer_open_has_deadline`, `trade_open_has_deadline`), and the worker's sweep
(`trading.end_overdue`, every 30 seconds) ends what nobody ended. Below it lies a net: credits that the ledger holds a
quarter of an hour too long go back by its own clock, and their trade is ended (`trading.expire_holds`, every 10
minutes).
Counter-offers, no-show rules and disputes get their rows when they are built.
"""

SETTINGS_TOP = """# Settings

Made from `src/localex/config/environment.py` by `python scripts/write_docs.py`. `localex up` needs none of them: it
starts its own servers, makes its own secrets and sets these for its parts. A wrong value stops the start with one
sentence that names the variable; the value itself is never printed.
"""


def _state_label(subject: Subject, state: str) -> str:
    return (OfferState(state) if subject == Subject.OFFER else TradeState(state)).label


def build_trading() -> str:
    """docs/trading.md."""
    lines = [TRADING_TOP, "```mermaid", "stateDiagram-v2"]
    lines += [
        f"  {row.subject}_{row.state} --> {row.subject}_{row.next}: {row.event}"
        for row in TABLE
        if row.state != row.next or row.event == "time_out"
    ]
    lines.append("  offer_accepted --> trade_accepted: begins")
    lines += ["```", ""]
    for subject in Subject:
        lines += [f"## {subject.label}", "", "| state | event | who | guard | effect | next | deadline of the state |"]
        lines.append("| --- | --- | --- | --- | --- | --- | --- |")
        for row in TABLE:
            if row.subject == subject:
                limit = DEADLINES.get((row.subject, row.state))
                deadline = limit.words if limit else "left in the same transaction"
                cells = (row.state, row.event, Actor(row.actor).label, row.guard, row.effect, row.next, deadline)
                lines.append("| " + " | ".join(cell or "–" for cell in map(str, cells)) + " |")
        lines.append("")
    return "\n".join(lines)


def _default_of(name: str) -> str:
    field = Environment.model_fields[name]
    if field.is_required():
        return "required"
    if name == "data_dir":
        return "`$XDG_DATA_HOME/localex`, else `~/.local/share/localex`; for root `/var/lib/localex`"
    value = field.default
    if isinstance(value, list):
        value = ",".join(value)
    return f"`{value}`" if value not in ("", None) else "empty"


def build_settings() -> str:
    """docs/settings.md."""
    lines = [SETTINGS_TOP, "| variable | default | what it is |", "| --- | --- | --- |"]
    for name, field in Environment.model_fields.items():
        lines.append(f"| `{variable_name(name)}` | {_default_of(name)} | {field.description} |")
    return "\n".join(lines) + "\n"


def build_guide() -> str:
    """docs/members/credits.md: the text that the page /help/credits/ shows."""
    return GUIDE.read_text()


def build_script() -> str:
    """docs/verify_entry.py: the script that /help/verify_entry.py serves."""
    return SCRIPT.read_text()


PAGES = {
    "trading.md": build_trading,
    "settings.md": build_settings,
    "commands.md": build_commands,
    "members/credits.md": build_guide,
    "verify_entry.py": build_script,
}


def main() -> int:
    """Write the pages, or with --check only say which are out of date (exit 1)."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a page is out of date")
    is_check = parser.parse_args().check
    stale = []
    for name, build in PAGES.items():
        path, text = DOCS / name, build()
        if is_check:
            if not path.exists() or path.read_text() != text:
                stale.append(name)
        else:
            path.write_text(text)
    print("\n".join(f"docs/{name} is out of date: run python scripts/write_docs.py" for name in stale) or "ok")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
