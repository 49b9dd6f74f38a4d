"""Copy the emoji art that the demo town uses from an unpacked npm package into the repository.

Run once by a developer when `art.toml` names a new object; nothing is fetched at run time:

    npm pack @lobehub/fluent-emoji-3d@1.1.0 && tar xzf lobehub-fluent-emoji-3d-1.1.0.tgz
    python scripts/pick_art.py package/assets

Files that no object names any more are removed, so the folder always holds exactly what `art.toml` says.
"""

import shutil
import sys
import tomllib
from pathlib import Path

CONTENT = Path(__file__).resolve().parent.parent / "src/localex/demo/content"


def pick(assets: Path) -> int:
    """Copy each named file from `assets`; returns how many. Raises SystemExit naming the first missing one."""
    objects = tomllib.loads((CONTENT / "art.toml").read_text("utf-8"))["objects"]
    wanted = {f"{made['code']}.webp" for made in objects.values()}
    missing = sorted(name for name in wanted if not (assets / name).is_file())
    if missing:
        raise SystemExit(f"{assets} has no {missing[0]}: is it the assets folder of fluent-emoji-3d?")
    for old in (CONTENT / "art").glob("*.webp"):
        if old.name not in wanted:
            old.unlink()
    for name in wanted:
        shutil.copyfile(assets / name, CONTENT / "art" / name)
    return len(wanted)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    print(f"{pick(Path(sys.argv[1]))} pictures copied")
