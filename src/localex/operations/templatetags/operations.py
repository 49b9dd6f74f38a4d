"""The banner of the staff pages."""

from typing import Any

from django import template
from django.db import Error as DatabaseError
from django.db import transaction

from localex.operations import queries
from localex.operations.ledger import find_ledger_problems

register = template.Library()


@register.inclusion_tag("operations/banner.html", takes_context=True)
def operations_banner(context: template.Context) -> dict[str, Any]:
    """What is wrong, for staff who are signed in, on every staff page but the one that says it at length."""
    request = context.get("request")
    match = getattr(request, "resolver_match", None)
    if not context.get("has_permission") or (match and match.view_name == "operations:overview"):
        return {"problems": []}
    try:
        with transaction.atomic():
            problems = [*find_ledger_problems(), *queries.find_backup_problems()]
    except DatabaseError:
        # A staff page must open while a migration has not run yet.
        problems = []
    return {"problems": [problem for problem in problems if problem.is_grave]}
