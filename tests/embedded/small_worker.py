"""A worker that only waits; with SMALL_WORKER_FAILS it cannot even start."""

import os
import signal
import sys

if os.environ.get("SMALL_WORKER_FAILS"):
    sys.exit("This worker never works.")
signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
signal.pause()
