"""Draws what benchmarks/ledger.py measured, as an SVG that reads well on a light and on a dark page."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

PAPER, INK, LINES = "#faf8f3", "#22303a", "#d8d3c7"
COLOURS = {"limit": "#9aa5ab", "bare": "#c9a227", "ours": "#1f6f5c"}
NAMES = {
    "limit": "pgbench simple-update (the machine)",
    "bare": "bare two-row function, no guards",
    "ours": "ledger, every guard on",
}
OTHERS = {
    "ours 16": "uniform",
    "community 16": "one community",
    "hot 16": "one account\nin every posting",
    "pair 16": "hold + capture\n(pairs)",
    "batch 1": "batches of 100,\n1 client",
    "batch 16": "batches of 100,\n16 clients",
}


def draw(rates: Mapping[str, Sequence[float]], path: Path) -> None:
    """Two panels: rates by number of clients beside the machine's limit, and the ledger's own cases."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    mpl.rcParams.update({"svg.hashsalt": "localex", "font.family": "sans-serif", "font.size": 10, "text.color": INK})
    mpl.rcParams.update({f"{axis}.color": INK for axis in ("xtick", "ytick")} | {"axes.labelcolor": INK})
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4.2), facecolor=PAPER, layout="constrained")
    medians = {case: statistics.median(values) for case, values in rates.items()}
    _draw_clients(left, medians)
    _draw_cases(right, medians)
    for axes in (left, right):
        axes.set_facecolor(PAPER)
        axes.grid(axis="y", color=LINES, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.yaxis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:,.0f}"))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, facecolor=PAPER, metadata={"Date": None, "Title": "Postings of the ledger per second"})
    pyplot.close(figure)
    # matplotlib leaves blanks at line ends, which the checks of the repository would find.
    path.write_text("\n".join(line.rstrip() for line in path.read_text().splitlines()) + "\n")


def _draw_clients(axes: "object", medians: Mapping[str, float]) -> None:
    clients = sorted({int(case.split()[1]) for case in medians if case.startswith("limit ")})
    width = 0.27
    for place, name in enumerate(COLOURS):
        heights = [medians[f"{name} {count}"] for count in clients]
        middles = [index + (place - 1) * width for index in range(len(clients))]
        bars = axes.bar(middles, heights, width * 0.92, color=COLOURS[name], label=NAMES[name])
        axes.bar_label(bars, fmt="{:,.0f}", fontsize=7.5, color=INK, padding=2)
    axes.set_xticks(range(len(clients)), [f"{count} client{'s' if count > 1 else ''}" for count in clients])
    axes.set_title("Commits per second", fontsize=11, loc="left")
    axes.legend(frameon=False, fontsize=8.5, loc="upper left")
    axes.margins(y=0.22)


def _draw_cases(axes: "object", medians: Mapping[str, float]) -> None:
    cases = [case for case in OTHERS if case in medians]
    bars = axes.bar(range(len(cases)), [medians[case] for case in cases], 0.6, color=COLOURS["ours"])
    axes.bar_label(bars, fmt="{:,.0f}", fontsize=8.5, color=INK, padding=2)
    axes.set_xticks(range(len(cases)), [OTHERS[case] for case in cases], fontsize=8.5)
    axes.set_title("Postings of the ledger per second, 16 clients unless said", fontsize=11, loc="left")
    axes.margins(y=0.15)
