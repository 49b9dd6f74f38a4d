"""Staff pages of the outbox: to look at; the one thing to do is to retry what is dead."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from localex.jobs import services
from localex.jobs.models import Job, JobState, Schedule
from localex.lib.errors import NotFound


class _ReadOnly:
    """Rows come from code and go by themselves; nobody edits them."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Job)
class JobAdmin(_ReadOnly, ModelAdmin):
    """Jobs, the newest first; filter by Dead to see what needs somebody."""

    list_display = ["task", "state", "attempts", "run_at", "finished_at", "created_at"]
    list_filter = ["state", "queue"]
    search_fields = ["id", "task", "dedupe_key"]
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    actions = ["retry_selected"]

    def get_readonly_fields(self, request: HttpRequest, obj: Job | None = None) -> list[str]:
        """All of them."""
        return [field.name for field in Job._meta.concrete_fields]

    @admin.action(description="Try dead jobs again")
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[Job]) -> None:
        """Put the dead ones among the chosen back, with all their attempts."""
        retried = 0
        for job_id in queryset.filter(state=JobState.DEAD).values_list("id", flat=True)[:500]:
            try:
                services.retry_dead(job_id=job_id)
            except NotFound:
                continue  # somebody else was quicker
            retried += 1
        messages.success(request, f"{retried} put back." if retried else "None of these is dead.")


@admin.register(Schedule)
class ScheduleAdmin(_ReadOnly, ModelAdmin):
    """What repeats, and when it is due next."""

    list_display = ["name", "rhythm", "last_run_at", "next_run_at"]
    ordering = ["name"]

    def has_change_permission(self, request: HttpRequest, obj: Schedule | None = None) -> bool:
        """The rhythm is in the code."""
        return False
