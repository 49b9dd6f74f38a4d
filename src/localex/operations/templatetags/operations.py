"""The banner of the staff pages."""

from typing import Any

from django import template
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import transaction
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone_name, localtime

from localex.embedded.naming import name_directory
from localex.lib import clock
from localex.operations import queries
from localex.operations.ledger import find_ledger_problems

KEY = "key_not_confirmed"

register = template.Library()


@register.inclusion_tag("operations/banner.html", takes_context=True)
def operations_banner(context: template.Context) -> dict[str, Any]:
    """What is wrong, for staff who are signed in, on every staff page but the one that says it at length.

    Backups are for superusers: the other coordinators cannot run a command. Nobody keeps the key of a demo.
    """
    request = context.get("request")
    match = getattr(request, "resolver_match", None)
    if not context.get("has_permission") or (match and match.view_name == "operations:overview"):
        return {"problems": []}
    try:
        with transaction.atomic():
            problems = find_ledger_problems()
            if request and request.user.is_superuser:
                problems += queries.find_backup_problems()
    except DatabaseError:
        # A staff page must open while a migration has not run yet.
        problems = []
    grave = [problem for problem in problems if problem.is_grave]
    is_keyless_demo = settings.LOCALEX.demo and any(problem.code == KEY for problem in grave)
    return {
        "problems": [problem for problem in grave if problem.code != KEY] if settings.LOCALEX.demo else grave,
        "is_keyless_demo": is_keyless_demo,
        "is_index": bool(match and match.view_name == "admin:index"),
    }


@register.simple_tag
def staff_zone() -> str:
    """Whose time the staff pages show: that of the community that staff are in, like all pages; else UTC."""
    now = localtime(clock.now())
    ahead = f"{now:%z}"
    return f"{get_current_timezone_name()}, UTC{ahead[:3]}:{ahead[3:]}" if now.utcoffset() else "UTC"


@register.filter
def commands(words: str) -> SafeString:
    """Words in which `commands` stand between backticks, as on the terminal; each says where the data are."""
    parts = name_directory(words, settings.LOCALEX.data_dir).split("`")
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if number % 2 else part,) for number, part in enumerate(parts))
    )
