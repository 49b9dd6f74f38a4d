"""How long `localex up` takes until the first page is there, and how much memory everything takes together.

A new data directory on this machine's disk: the first start makes the database and runs every migration; the warm
starts that follow find everything done. Time counts from the start of the command to the last byte of the front page.
Memory is the proportional set size (shared pages are counted once) of the whole process tree after some pages were
read.
"""

import http.client
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from running_town import descendants, free_port, say_figure

FIRST_GOAL_SECONDS = 10.0
WARM_GOAL_SECONDS = 3.0
MEMORY_GOAL_MB = 600.0
WARM_STARTS = 5
PAGES = 40
PATIENCE_SECONDS = 120
OUTSIDE = ("LOCALEX_", "DATABASE_", "REDIS_", "EMAIL_", "DJANGO_")


def get_front_page(port: int) -> bool:
    """Read the front page to its end; False while nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", "/")
        answer = connection.getresponse()
        answer.read()
    except OSError:
        return False
    finally:
        connection.close()
    if answer.status >= 400:
        raise SystemExit(f"The front page answers {answer.status}.")
    return True


def start(data_dir: Path, port: int) -> tuple["subprocess.Popen[bytes]", float]:
    """Start an installation and return it with the seconds until its first page."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OUTSIDE)}
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "localex.cli", "up", "--data-dir", str(data_dir), "--port", str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    while not get_front_page(port):
        if process.poll() is not None or time.perf_counter() - begun > PATIENCE_SECONDS:
            process.kill()
            raise SystemExit("The installation did not start.")
        time.sleep(0.01)
    return process, time.perf_counter() - begun


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Stop an installation as Ctrl-C does."""
    process.send_signal(signal.SIGINT)
    if process.wait(PATIENCE_SECONDS):
        raise SystemExit(f"The installation ended with {process.returncode}.")


def memory_mb(pid: int) -> float:
    """The proportional set size of a process tree in megabytes."""
    total = 0
    for member in descendants(pid):
        try:
            lines = Path(f"/proc/{member}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def main() -> None:
    """Measure, and print the figures last."""
    folder = Path(tempfile.mkdtemp(prefix="localex-bench-"))
    folder.chmod(0o755)  # for the database's unprivileged user, when this runs as root
    data_dir, port = folder / "data", free_port()
    try:
        process, first = start(data_dir, port)
        stop(process)
        warm = []
        for number in range(WARM_STARTS):
            process, seconds = start(data_dir, port)
            warm.append(seconds)
            print(f"warm start {number + 1}: {seconds:.2f} s")
            if number < WARM_STARTS - 1:
                stop(process)
        for _ in range(PAGES):
            get_front_page(port)
        time.sleep(2)
        memory = memory_mb(process.pid)
        stop(process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    say_figure("start-first", first, "s", "<=", FIRST_GOAL_SECONDS)
    say_figure("start-warm", statistics.median(warm), "s", "<=", WARM_GOAL_SECONDS)
    say_figure("tree-memory", memory, "MB", "<=", MEMORY_GOAL_MB)


if __name__ == "__main__":
    main()
