"""The download of a proof for one entry of a member's own."""

from collections.abc import Callable
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from localex.credits import proofs


def _unlimited(member: str) -> None:
    """Until a limit is registered."""


_spend: Callable[[str], None] = _unlimited


def register_limit(spend: Callable[[str], None]) -> None:
    """From now on `spend(member id)` counts each proof, and raises when there were too many. Limits live above."""
    global _spend
    _spend = spend


@require_GET
@never_cache
@login_required
def proof(request: HttpRequest, journal_id: UUID) -> HttpResponse:
    """The proof as a file; 404 for an entry of anybody else. One that is not sealed yet says so in the file.

    Dear: it reads every row of one seal (at most 100,000) and the digest of each later seal up to the newest, 96 a day
    in a busy town, so that any seal that somebody kept is in the file. Hence a limit for each member: 429 beyond it.
    """
    member = getattr(request, "member", None)
    if member is None:
        raise Http404
    _spend(str(member.pk))
    try:
        found = proofs.prove_for_member(
            journal_id=journal_id, community_id=member.community_id, owner=member.ledger_ref
        )
    except proofs.NotSealedYet as error:
        # A browser that downloads shows nobody an error page.
        found = {"format": proofs.FORMAT, "not_sealed_yet": f"{error.message} {error.kept}"}
    response = JsonResponse(found, json_dumps_params={"indent": 1})
    response["Content-Disposition"] = f'attachment; filename="proof-{journal_id}.json"'
    return response
