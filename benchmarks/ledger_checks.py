"""How long the checker takes over a big ledger: everything, as at night, and what is new, as every 15 minutes.

Part of `make bench-ledger-size`: runs in a process in which Django is connected to the filled ledger, which is sealed
first. `since`: the newest hundredth of the year, more than a town posts between two checks.
"""

import time
from datetime import timedelta

from running_town import say_figure

NEW_DAYS = 3.6
LIMIT_SECONDS = 60


def time_checks() -> dict[str, float]:
    """Seconds of each check: `I1`, `I1 new`, ..., and of the sealing before them. SystemExit when one does not hold."""
    from localex.credits import checks, seals
    from localex.lib import clock

    took = {}
    started = time.perf_counter()
    seals.seal_everything(patience_s=600)
    took["seals"] = time.perf_counter() - started
    for words, since in (("", None), (" new", clock.now() - timedelta(days=NEW_DAYS))):
        for name in (*checks.CHECKS, checks.STRUCTURE):
            started = time.perf_counter()
            found = checks.run_structure_check() if name == checks.STRUCTURE else checks.run_check(name, since=since)
            took[name + words] = time.perf_counter() - started
            # Nobody guards the partitions that the benchmark makes by hand, and the structure says so.
            if not found.holds and name != checks.STRUCTURE:
                raise SystemExit(f"the generated rows break {name}: {found.count} rows, {found.offences[:3]}")
    return took


def report_checks(took: dict[str, float], entries: int, form: str) -> None:
    """A table of the seconds, and the full check against its limit, which grows with the entries."""
    names = [name for name in took if not name.endswith(" new") and name != "seals"]
    print(f"\n{entries:,} entries{form}, sealed in {took['seals']:.0f} s")
    print("\n| check | everything, s | what is new, s |\n| --- | --- | --- |")
    for name in names:
        print(f"| {name} | {took[name]:.2f} | {took[name + ' new']:.2f} |")
    full, new = sum(took[name] for name in names), sum(took[name + " new"] for name in names)
    print(f"| all | {full:.1f} | {new:.2f} |\n", flush=True)
    word = "by-month" if form else "whole"
    say_figure(f"ledger-check-{word}", full / (entries / 10_000_000), "s per 10 million", "<=", LIMIT_SECONDS)
