"""Server time and queries of the pages that people open most, on the demo town.

Times are taken at the socket of one kept-alive connection on loopback, one request after another; the peer in the same
run is /livez, which does no work, so that the ratio survives a noisy machine. Queries are counted in this process.
"""

import statistics

from running_town import RunningTown, Visitor, running_town, say_figure

ROUNDS = 40
GOAL_P50_MS, GOAL_P95_MS, GOAL_QUERIES = 15, 50, 12


def list_pages() -> tuple[object, dict[str, str]]:
    """A busy member's account, and the address of each page."""
    from django.db.models import Count

    from localex.members.models import Member
    from localex.trading.models import Trade

    member = (
        Member.objects.filter(community__slug="krems", state="active")
        .annotate(traded=Count("trades_as_seller"))
        .order_by("-traded", "id")
        .first()
    )
    trade = Trade.objects.filter(seller=member).order_by("-id").first()
    pages = {
        "front": "/",
        "browse": "/browse/",
        "search": "/search/?q=bike",
        "search-filtered": "/search/?q=wood&kind=sale&sort=nearest",
        "listing": f"/listings/{trade.listing_id}/",
        "trades": "/trades/",
        "trade": f"/trades/{trade.id}/",
        "credits": "/credits/",
        "inbox": "/inbox/",
        "me": "/me/",
        "my-listings": "/me/listings/",
        "profile": f"/members/{member.display_name}/",
        "places": "/places/",
        "sign-in": "/accounts/login/",
    }
    return member.user_id, pages


def count_queries(user_id: object, path: str) -> int:
    """How many queries one page makes, everything included."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from localex.members.models import User

    settings.ALLOWED_HOSTS = ["*"]
    client = Client()
    client.force_login(User.objects.get(pk=user_id), backend="allauth.account.auth_backends.AuthenticationBackend")
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        client.get(path)
    return sum(1 for query in captured if not query["sql"].startswith(("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT")))


def measure(visitor: Visitor, path: str) -> list[float]:
    """Milliseconds of each of the rounds."""
    times = []
    for number in range(ROUNDS + 5):
        status, seconds, _ = visitor.ask("GET", path)
        if status != 200:
            raise SystemExit(f"GET {path} was answered with {status}")
        if number >= 5:
            times.append(seconds * 1000)
    return times


def main(town: RunningTown) -> None:
    """Print a line for each page, then the figures."""
    user_id, pages = list_pages()
    visitor = Visitor(town.port, user_id)
    peer = statistics.median(measure(visitor, "/livez"))
    print(f"peer /livez p50 {peer:.2f} ms")
    every: list[float] = []
    most = 0
    for name, path in pages.items():
        reader = Visitor(town.port) if name == "sign-in" else visitor
        times = sorted(measure(reader, path))
        queries = count_queries(user_id, path)
        every += times
        most = max(most, queries)
        p50, p95 = statistics.median(times), times[int(len(times) * 0.95)]
        print(f"{name:16} p50 {p50:6.2f} ms  p95 {p95:6.2f} ms  {p50 / peer:5.1f} x peer  {queries:2} queries")
    every.sort()
    say_figure("pages-p50", statistics.median(every), "ms", "<=", GOAL_P50_MS)
    say_figure("pages-p95", every[int(len(every) * 0.95)], "ms", "<=", GOAL_P95_MS)
    say_figure("pages-most-queries", most, "queries", "<=", GOAL_QUERIES)


if __name__ == "__main__":
    with running_town() as running:
        main(running)
