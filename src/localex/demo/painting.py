"""Paints the pictures of a town ahead of their moment, on threads: libvips works outside Python's lock."""

from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

import pyvips

from localex.demo.pictures import Motif, Picture, paint
from localex.demo.reading import Entry

PAINTERS = 2
AHEAD = 40  # pictures finished or under way at most: about 5 MB


class Painter:
    """Used as a context manager; gives out pictures in the order of `entries`, or any other at the price of waiting."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._wanted = deque((entry.key, shot, entry) for entry in entries for shot in range(entry.shots))
        self._begun: dict[tuple[str, int], Future[Picture]] = {}
        self._pool = ThreadPoolExecutor(PAINTERS, thread_name_prefix="painter")

    def __enter__(self) -> "Painter":
        # The threads are ours; libvips's own below them would only double the memory.
        self._usual_concurrency = pyvips.concurrency_get()
        pyvips.concurrency_set(1)
        self._go_on()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)
        pyvips.concurrency_set(self._usual_concurrency)

    def picture(self, entry: Entry, shot: int) -> bytes:
        """The picture as a member would upload it."""
        made = self._begun.pop((entry.key, shot), None)
        self._go_on()
        return (made.result() if made else _paint(entry, shot)).content

    def _go_on(self) -> None:
        while self._wanted and len(self._begun) < AHEAD:
            key, shot, entry = self._wanted.popleft()
            self._begun[key, shot] = self._pool.submit(_paint, entry, shot)


def _paint(entry: Entry, shot: int) -> Picture:
    return paint(Motif(entry.key, entry.names, entry.count), shot=shot)
