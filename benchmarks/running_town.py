"""A running demo town for the benchmarks, and members who are signed in to it.

The town is made once and kept in build/bench-town (or LOCALEX_BENCH_DIR), so that the next benchmark starts at once.
"""

import contextlib
import http.client
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from localex.embedded.installation import Installation

ROOT = Path(__file__).parent.parent
START_WITHIN_S = 300


@dataclass
class RunningTown:
    """The address of a running town and the process that supervises it."""

    port: int
    pid: int
    data_dir: Path

    def web_processes(self) -> list[int]:
        """The processes of the web server: children of the supervisor whose command names granian."""
        found = []
        for pid in descendants(self.pid):
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
            if b"granian" in command:
                found.append(pid)
        return found

    def web_cpu_s(self) -> float:
        """User and system seconds that the web processes have used so far."""
        ticks = 0
        for pid in self.web_processes():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def descendants(pid: int) -> list[int]:
    """`pid` and everything below it, from /proc."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        current = waiting.pop()
        found.append(current)
        waiting += children.get(current, [])
    return found


def free_port() -> int:
    """A TCP port on loopback that nobody uses now."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_town() -> Iterator[RunningTown]:
    """Start the demo town, wait until it answers, and stop it at the end."""
    data_dir = Path(os.environ.get("LOCALEX_BENCH_DIR") or ROOT / "build" / "bench-town")
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [sys.executable, "-m", "localex.cli", "demo", "--port", str(port), "--data-dir", str(data_dir)]
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("DATABASE_", "REDIS_", "LOCALEX_"))
    }
    # A backup in the middle would be measured as well; bench-backup measures what it costs.
    process = subprocess.Popen(command, env={**clean, "LOCALEX_BACKUP": "off"}, stdout=subprocess.DEVNULL)
    try:
        _await_answer(process, port)
        _use(data_dir)
        yield RunningTown(port, process.pid, data_dir)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _await_answer(process: subprocess.Popen[bytes], port: int) -> None:
    limit = time.monotonic() + START_WITHIN_S
    while time.monotonic() < limit:
        if process.poll() is not None:
            raise SystemExit(f"the demo town ended with exit code {process.returncode}")
        try:
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
        except OSError:
            pass
        time.sleep(0.2)
    raise SystemExit("the demo town did not answer in time")


def _use(data_dir: Path) -> None:
    """Let this process use Django with the running town's database, as the app role."""
    for name, value in Installation.at(data_dir, dict(os.environ)).environment().items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    os.environ["LOCALEX_DEMO"] = "1"
    os.environ["LOCALEX_LOG_LEVEL"] = "ERROR"
    os.environ["DJANGO_SETTINGS_MODULE"] = "localex.config.settings"
    import django

    django.setup()


@dataclass
class Visitor:
    """A browser that keeps its connection; with a user, signed in."""

    port: int
    user_id: object = None
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        from django.conf import settings

        self.secret = secrets.token_hex(16)
        self.cookies[settings.CSRF_COOKIE_NAME] = self.secret
        if self.user_id is not None:
            self.cookies[settings.SESSION_COOKIE_NAME] = _sign_in(self.user_id)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def ask(self, method: str, path: str, form: Mapping[str, object] | None = None) -> tuple[int, float, str]:
        """Status, seconds until the whole answer was read, and where it redirects to."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = None
        if form is not None:
            body = urllib.parse.urlencode({**form, "csrfmiddlewaretoken": self.secret})
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        start = time.perf_counter()
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        answer.read()
        return answer.status, time.perf_counter() - start, answer.headers.get("Location", "")

    def post(self, path: str, **form: object) -> str:
        """Send a form that must be accepted (a redirect); where to."""
        status, _, location = self.ask("POST", path, form)
        if status not in {302, 303}:
            raise SystemExit(f"POST {path} was answered with {status}")
        return location


def _sign_in(user_id: object) -> str:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from localex.members.models import User

    user = User.objects.get(pk=user_id)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def say_figure(name: str, value: float, unit: str, operator: str, goal: float) -> None:
    """One line for people and programs: `figure NAME VALUE UNIT goal OP VALUE ok|short`."""
    is_met = value <= goal if operator == "<=" else value >= goal
    print(f"figure {name} {value:.4g} {unit} goal {operator} {goal:g} {'ok' if is_met else 'short'}", flush=True)
