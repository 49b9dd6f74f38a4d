"""Commands as the person at the terminal has to type them: with the path and the directory of this very call."""

import os
import re
import shutil
import sys
from pathlib import Path

NAME = "localex"
DEMO_NOTE = "demo-town"
# `localex ...` between backticks, as messages and remedies name commands.
IN_WORDS = re.compile(r"`localex ([^`]*)`")


def _called() -> str:
    """How `localex` was called; empty in a test, and in a step that `up` began."""
    called = sys.argv[0] if sys.argv else ""
    return called if Path(called).name == NAME and Path(called).exists() else ""


def program() -> str:
    """What was typed in front: `localex` when the shell finds it by that name, else its path as it was given."""
    called, by_name = _called(), shutil.which(NAME)
    return called if called and not (by_name and Path(by_name).samefile(called)) else NAME


def given_data_dir() -> str:
    """The directory that --data-dir named in this call, or LOCALEX_DATA_DIR; empty when neither did."""
    if not _called():
        return ""
    for number, word in enumerate(sys.argv[1:], start=1):
        if word.startswith("--data-dir="):
            return word.partition("=")[2]
        if word == "--data-dir" and number + 1 < len(sys.argv):
            return sys.argv[number + 1]
    return os.environ.get("LOCALEX_DATA_DIR", "")


def command(words: str, data_dir: Path | None = None) -> str:
    """`localex` with `words` behind it, ready to be pasted; about `data_dir`, or the directory that was given."""
    place = str(data_dir) if data_dir else given_data_dir()
    is_needed = place and not any(option in words for option in ("--help", "--data-dir", "--into"))
    return " ".join([program(), words, *(["--data-dir", place] if is_needed else [])])


def pasteable(text: str) -> str:
    """`text` with every `localex ...` between backticks as it has to be typed here."""
    return IN_WORDS.sub(lambda found: f"`{command(found[1])}`", text)


def start_word(data_dir: Path) -> str:
    """The command that starts what lives in `data_dir`: `demo` for a demo town, which `up` refuses, else `up`."""
    return "demo" if (data_dir / DEMO_NOTE).exists() else "up"
