"""The operator page below the staff pages."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from localex.operations.pages import describe_overview


@admin.site.admin_view
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """The ledger's health, the backups and what to do."""
    context = {**admin.site.each_context(request), **describe_overview(), "title": "Operations"}
    return render(request, "operations/overview.html", context)
