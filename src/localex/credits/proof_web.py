"""The download of a proof for one entry of a member's own."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from localex.credits import proofs


@require_GET
@never_cache
@login_required
def proof(request: HttpRequest, journal_id: UUID) -> HttpResponse:
    """The proof as a file; 404 for an entry of anybody else. One that is not sealed yet says so in the file."""
    member = getattr(request, "member", None)
    if member is None:
        raise Http404
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
