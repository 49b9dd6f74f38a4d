"""The examples in docs/seals.md are what the script and the formats make of the files in docs/examples."""

import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from localex.credits.seals import SealRecord
from tests.credits.site import chain_digest

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


def section(title: str) -> str:
    """What stands below a heading of the page, up to the next of its rank."""
    return (DOCS / "seals.md").read_text(encoding="utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]


def commands(title: str) -> list[tuple[str, str]]:
    """What is typed in a section, and what the page says that it prints."""
    return [found for block in BLOCK.findall(section(title)) for found in COMMAND.findall(block)]


def read_example(name: str) -> Any:
    return json.loads((DOCS / "examples" / name).read_text(encoding="utf-8"))


def record(seal: dict[str, Any]) -> SealRecord:
    return SealRecord(**{name: value for name, value in seal.items() if name != "format"})


def test_whoever_follows_the_steps_reads_what_the_page_says(tmp_path: Path) -> None:
    for path in (DOCS / "verify_entry.py", *(DOCS / "examples").iterdir()):
        shutil.copy(path, tmp_path)
    examples = commands("Verify an entry, step by step")
    assert len(examples) >= 4
    for typed, expected in examples:
        line = typed.replace("python3 ", f"{sys.executable} -I ")
        done = subprocess.run(line, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        shown = expected.strip("\n").removesuffix("\n  ...")
        assert said.startswith(shown) if "..." in expected else said.strip() == shown, (typed, said)


def test_the_operator_reads_the_same_seals() -> None:
    first, second = record(read_example("proof.json")["seal"]), record(read_example("2.json"))
    assert [chain_digest(seal.previous, seal.body()) for seal in (first, second)] == [first.digest, second.digest]
    assert chain_digest(first.digest, read_example("proof.json")["later"][0]) == second.digest
    (_, listed), (_, status) = commands("For the operator")[:2]
    for line, seal in zip(listed.splitlines(), (first, second), strict=True):
        until = f"{datetime.fromtimestamp(seal.until / 1_000_000, UTC):%Y-%m-%d %H:%M:%S} UTC"
        assert line == f"{seal.seal_no:>8}  until {until}  {seal.leaves:>7,} rows  {seal.digest}"
    assert f"Last seal: 2, until {until}, {second.digest}\n" in status
