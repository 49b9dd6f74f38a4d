"""Writes docs/attacks.md: runs the attack catalogue on a database of its own and says what came of each attack."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.credits.attacks.page import PAGE, build_page
from tests.credits.attacks.runner import Ground
from tests.servers import RunningServers, Servers


def main() -> int:
    """Write the page."""
    running = RunningServers()
    try:
        running.start()
        servers = Servers(running.root, "attacked")
        with servers.scratch_database() as name:
            ground = Ground(servers, name)
            text = build_page(ground)
            ground.close()
        ground.remove_roles()
    finally:
        running.stop()
    PAGE.write_text(text, encoding="utf-8")
    print(f"{PAGE.name} is written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
