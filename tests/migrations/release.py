"""The release before: its code, kept in tests/data/releases, and what members do with it."""

import os
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

from tests.processes import run_python

VERSION = "0.1.0"
ARCHIVE = Path(__file__).parents[1] / "data" / "releases" / f"localex-{VERSION}.tar.xz"
SCRIPT = Path(__file__).parent / "trade_of_0_1_0.py"


def unpack(folder: Path) -> Path:
    """Lay the code out in `folder`, which it gives back, with the version that it answers with when it is asked."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    about = folder / "src" / f"localex-{VERSION}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: localex\nVersion: {VERSION}\n")
    return folder


def run_release(release: Path, *words: object, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run Python with `words` and the code that lies in `release`; `environment` is added to this process's."""
    code = {"PYTHONPATH": os.pathsep.join([str(release / "src"), str(release)]), "LOCALEX_LOG_LEVEL": "ERROR"}
    # -P: the folder of a script in this checkout must not be searched for modules.
    return run_python("-P", *words, environment={**os.environ, **environment, **code}, cwd=release)
