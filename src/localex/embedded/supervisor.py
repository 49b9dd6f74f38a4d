"""Starts the parts in order, keeps them alive, and stops them in order. One process, one thread that decides."""

import contextlib
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import FrameType

from localex.embedded.directory import DataDirectory
from localex.embedded.errors import StartError, Stopped, disk_full, mentions_full_disk
from localex.embedded.leftovers import MARKER, new_marker
from localex.embedded.parts import NotReady, Part
from localex.embedded.processes import Child, Command, ProcessRecord, start_time, wait_until

# A part that dies is started again after 0.2, 0.4, 0.8 ... seconds; the fifth death within a minute is one too many.
FIRST_PAUSE_SECONDS = 0.2
MAX_PAUSE_SECONDS = 5.0
MAX_DEATHS = 5
DEATHS_WINDOW_SECONDS = 60.0
# For a part that is not vital.
LONG_PAUSE_SECONDS = 300.0
# Everything has ended by then, whatever happens; the promise to the outside is 10 seconds.
STOP_SECONDS = 9.5
STEP_STOP_SECONDS = 3.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Running:
    """A part with its present process and its history of deaths."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.child: Child | None = None
        self.deaths: list[float] = []
        self.restart_at = 0.0
        self.was_ready = False

    def note_death(self, now: float) -> None:
        """Remember a death and decide when to try again."""
        self.deaths = [moment for moment in self.deaths if now - moment < DEATHS_WINDOW_SECONDS] + [now]
        pause = min(FIRST_PAUSE_SECONDS * 2 ** (len(self.deaths) - 1), MAX_PAUSE_SECONDS)
        self.restart_at = now + pause


class Supervisor:
    """Owns the processes of one installation. `tell` takes one line for people whenever something happens."""

    def __init__(self, directory: DataDirectory, *, tell: Callable[[str], None], url: str = "") -> None:
        self._directory = directory
        self._tell = tell
        self._url = url
        self._running: list[_Running] = []
        self._steps: list[Child] = []
        self._stops_asked = 0
        self._marker = new_marker()
        self._wake_read, self._wake_write = socket.socketpair()
        for end in (self._wake_read, self._wake_write):
            end.setblocking(False)

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """Listen to Ctrl-C, SIGTERM and SIGHUP while the block runs."""
        old_wakeup = signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        numbers = (*STOP_SIGNALS, signal.SIGCHLD)
        old = {number: signal.getsignal(number) for number in numbers}
        for number in STOP_SIGNALS:
            # `nohup` means that the end of the terminal is not the end of LocalEx.
            if number != signal.SIGHUP or old[number] != signal.SIG_IGN:
                signal.signal(number, self._ask_to_stop)
        # Without a handler the wake-up would not be written.
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(old_wakeup)

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._stops_asked += 1

    def check_stop(self) -> None:
        """Raise Stopped when somebody asked for the end."""
        if self._stops_asked:
            raise Stopped

    def start(self, *parts: Part) -> None:
        """Start `parts` at the same time and wait until each is ready. Raises StartError with a part's own words."""
        self.spawn(*parts)
        self.await_ready()

    def spawn(self, *parts: Part) -> None:
        """Start `parts` without waiting, so that the caller can do something useful meanwhile."""
        for part in parts:
            running = _Running(part)
            self._running.append(running)
            self._spawn(running)

    def await_ready(self) -> None:
        """Wait until everything that was spawned is ready. Raises StartError with a part's own words."""
        for running in self._running:
            if not running.was_ready:
                self._await_ready(running)
                running.was_ready = True

    def begin_step(self, command: Command) -> Child:
        """Start a program that ends by itself and speaks to the terminal; `stop` ends it if it has not."""
        step = Child(replace(command, env=self._environment(command)), None, is_loud=True)
        self._steps.append(step)
        return step

    def finish_step(self, step: Child) -> int:
        """Wait for the end of a step and return its exit code. Raises Stopped when somebody asks for the end."""
        while step.poll() is None:
            self.check_stop()
            self._sleep(1)
        # Once and now: later the number of a group that is gone may belong to somebody else.
        step.kill_group()
        self._steps.remove(step)
        return step.poll() or 0

    def watch(self) -> None:
        """Keep every part alive until somebody asks for the end.

        Raises StartError when a part dies again and again; the caller then stops the others.
        """
        while not self._stops_asked:
            now = time.monotonic()
            for running in self._running:
                self._mend(running, now)
            pending = [running.restart_at - now for running in self._running if running.child is None]
            self._sleep(max(0.0, min(pending)) if pending else None)

    def stop(self) -> None:
        """Stop the parts, those that were started last first; each is killed when its time is over."""
        deadline = time.monotonic() + STOP_SECONDS
        for step in self._steps:
            self._stop_one(step, STEP_STOP_SECONDS)
        self._steps.clear()
        for running in reversed(self._running):
            if running.child is None:
                continue
            seconds = min(running.part.stop_seconds, max(0.1, deadline - time.monotonic()))
            self._stop_one(running.child, seconds)
            running.child = None
        self._running.clear()
        self._write_state()

    def _stop_one(self, child: Child, seconds: float) -> None:
        asked_before = self._stops_asked
        child.request_stop()
        # A second Ctrl-C means: now. PostgreSQL recovers from a kill, and everything else is a copy.
        wait_until(lambda: child.poll() is not None or self._stops_asked > max(1, asked_before), seconds=seconds)
        child.kill_group()

    def _environment(self, command: Command) -> Mapping[str, str | None]:
        return {**command.env, MARKER: self._marker}

    def _spawn(self, running: _Running) -> None:
        part = running.part
        part.before_start()
        command = replace(part.command, env=self._environment(part.command))
        try:
            running.child = Child(command, part.log)
        except OSError as error:
            raise part.start_failure(f"{part.name} could not be started ({error.strerror})") from error
        self._write_state()

    def _await_ready(self, running: _Running) -> None:
        child, part = running.child, running.part
        assert child is not None, "only a spawned part is waited for"  # noqa: S101 -- cannot happen
        # At first quickly, because a server is usually there within a blink.
        deadline = time.monotonic() + part.start_seconds
        try:
            while not part.is_ready(child.pid):
                self.check_stop()
                if child.poll() is not None or time.monotonic() > deadline:
                    child.kill_group()
                    raise self._failure(part, f"{part.name} did not start")
                self._sleep(0.02)
        except NotReady as error:
            child.stop(part.stop_seconds)
            raise self._failure(part, f"{part.name} {error}") from error

    def _mend(self, running: _Running, now: float) -> None:
        """Start a part again when it is dead and its pause is over."""
        child, part = running.child, running.part
        if child is not None:
            status = child.poll()
            if status is None:
                return
            child.kill_group()
            running.child = None
            running.note_death(now)
            if len(running.deaths) >= MAX_DEATHS:
                if part.is_vital:
                    raise self._failure(part, f"{part.name} ended {MAX_DEATHS} times within a minute, so LocalEx stops")
                running.restart_at = now + LONG_PAUSE_SECONDS
                self._tell(f"{part.name} keeps ending and is tried again in 5 minutes; {part.log.path} says why.")
                return
            self._tell(f"{part.name} ended unexpectedly ({_words(status)}) and is started again.")
        if now >= running.restart_at:
            self._spawn(running)

    def _failure(self, part: Part, what: str) -> StartError:
        if mentions_full_disk(part.log.tail()):
            return disk_full(self._directory.root)
        return part.start_failure(what)

    def _sleep(self, seconds: float | None) -> None:
        """Wait until a signal comes (a child's death is one), at most `seconds`."""
        select.select([self._wake_read], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            self._wake_read.recv(4096)

    def _write_state(self) -> None:
        """Note who runs, so that the next start can find what a killed supervisor left."""
        supervisor = ProcessRecord(os.getpid(), start_time(os.getpid()))
        alive = {running.part.name: running.child.record for running in self._running if running.child is not None}
        with contextlib.suppress(StartError):
            self._directory.write_state(
                {
                    "url": self._url if alive else "",
                    "marker": self._marker,
                    "supervisor": vars(supervisor) if alive else None,
                    "parts": {name: vars(record) for name, record in alive.items()},
                }
            )


def _words(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"exit code {status}"
