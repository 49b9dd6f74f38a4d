"""Keeps the code of a release for the test that runs it on the newer schema, tests/migrations/test_previous_release.py.

    python scripts/keep_release.py 0.1.0 COMMIT

Run it when a release is tagged. Only what services, queries and checks need is kept: no pictures, styles, scripts of
pages or places of the demo town. The older archive may go once nobody upgrades from there.
"""

import io
import lzma
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
RELEASES = ROOT / "tests" / "data" / "releases"
KEPT = ("src/localex", "tests/__init__.py", "tests/town.py")
LEFT_OUT = ("/static/", "/demo/data/", "/demo/content/")
MOST_BYTES = 600_000


def main() -> int:
    """Write tests/data/releases/localex-VERSION.tar.xz from a commit of this repository."""
    if len(sys.argv) != 3:
        print(__doc__)
        return 2
    version, commit = sys.argv[1:]
    whole = subprocess.run(["git", "archive", commit, *KEPT], cwd=ROOT, check=True, capture_output=True).stdout
    packed = lzma.compress(keep(whole), preset=9 | lzma.PRESET_EXTREME)
    if len(packed) > MOST_BYTES:
        print(f"{len(packed):,} bytes are too many for a repository; leave more out.")
        return 1
    RELEASES.mkdir(parents=True, exist_ok=True)
    path = RELEASES / f"localex-{version}.tar.xz"
    path.write_bytes(packed)
    print(f"{path.relative_to(ROOT)}: {len(packed):,} bytes")
    return 0


def keep(whole: bytes) -> bytes:
    """The same tar archive without what is left out; without times and owners, so that it can be made again."""
    out = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(whole)) as old,
        tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda member: member.name):
            if not member.isfile() or any(part in f"/{member.name}" for part in LEFT_OUT):
                continue
            kept = tarfile.TarInfo(member.name)
            kept.size, kept.mode = member.size, 0o644
            new.addfile(kept, old.extractfile(member))
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
