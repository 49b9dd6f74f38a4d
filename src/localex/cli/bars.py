"""The columns of the progress bars: of rich's, but quiet about what they do not know."""

from rich import progress as bars
from rich.console import Console
from rich.text import Text


class Rate(bars.TransferSpeedColumn):
    """Bytes per second, or nothing while too little was seen."""

    def render(self, task: bars.Task) -> Text:
        """See ProgressColumn."""
        return super().render(task) if task.finished_speed or task.speed else Text("")


class Left(bars.TimeRemainingColumn):
    """The time left, or nothing when none is."""

    def render(self, task: bars.Task) -> Text:
        """See ProgressColumn."""
        return Text("") if task.finished or task.time_remaining is None else super().render(task)


def new_bars(console: Console, *, is_bytes: bool) -> bars.Progress:
    """What `output.progress` shows: bytes with their rate and the time left, or steps with the time so far."""
    counts: tuple[bars.ProgressColumn, ...] = (bars.MofNCompleteColumn(), bars.TimeElapsedColumn())
    if is_bytes:
        counts = (bars.DownloadColumn(), Rate(), Left())
    columns = (bars.TextColumn("{task.description}"), bars.BarColumn(), *counts)
    return bars.Progress(*columns, bars.TextColumn("[dim]{task.fields[what]}"), console=console)
