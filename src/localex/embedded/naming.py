"""Commands in words that are read elsewhere than where they were called: in a log, on a page."""

import re
import shlex
from pathlib import Path

# As messages and remedies name commands: between backticks.
IN_WORDS = re.compile(r"`(localex [^`]*)`")


def name_directory(text: str, root: Path) -> str:
    """`text` with every `localex ...` between backticks made to hit the installation in `root` from any shell.

    Always in full: whoever pastes it may be another user, whose usual place is another one.
    """
    place = shlex.quote(str(root.absolute()))
    return IN_WORDS.sub(
        lambda found: found[0] if "--data-dir" in found[1] else f"`{found[1]} --data-dir {place}`", text
    )
