"""Staff pages of notices and mail: to see whether something went out, never what an account's mail said."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from localex.lib.staff import ReadOnly
from localex.notifications.models import Mail, Notice


@admin.register(Notice)
class NoticeAdmin(ReadOnly, ModelAdmin):
    """Notices, the newest first."""

    list_display = ["kind", "member", "subject", "created_at", "read_at"]
    list_filter = ["kind", "community"]
    list_select_related = ["member"]
    search_fields = ["member__display_name", "subject_id"]
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False


@admin.register(Mail)
class MailAdmin(ReadOnly, ModelAdmin):
    """Mails, the newest first. `text` and `html` are left out: they may hold a link that opens an account."""

    fields = ["kind", "notice", "to", "subject", "state", "created_at", "sent_at", "last_error"]
    list_display = ["id", "kind", "state", "created_at", "sent_at", "last_error"]
    list_filter = ["state", "kind"]
    search_fields = ["id", "to"]
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
