"""Staff pages of accounts and members. Names, states and ratings change through services only."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action

from localex.credits.queries import Balance, find_balance
from localex.lib.money import display
from localex.lib.staff import ReadOnly
from localex.members import services
from localex.members.models import FormerName, Member, User

# Staff sign in where everybody does: with the same limits, and later the second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


class FormerNames(ReadOnly, TabularInline):
    """Names that the member had."""

    model = FormerName
    fields = ("display_name", "given_up_at")
    readonly_fields = fields
    extra = 0
    verbose_name_plural = "Former names"


class Memberships(ReadOnly, TabularInline):
    """Where the account is a member."""

    model = Member
    fields = ("community", "display_name", "state", "confirmed_at")
    readonly_fields = fields
    extra = 0
    show_change_link = True


def _find_balance(member: Member) -> Balance:
    return find_balance(community_id=member.community_id, owner=member.ledger_ref)


@admin.register(User)
class UserAdmin(ModelAdmin):
    """Accounts: who may sign in and who may open these pages. Passwords are set by their owners only."""

    list_display = ("email", "is_active", "is_staff", "joined_at", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email",)
    ordering = ("-joined_at",)
    fields = (
        "email",
        "is_active",
        "is_staff",
        "is_superuser",
        "groups",
        "attested_adult_at",
        "joined_at",
        "last_login",
    )
    readonly_fields = ("email", "attested_adult_at", "joined_at", "last_login")
    filter_horizontal = ("groups",)
    inlines = (Memberships,)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


@admin.register(Member)
class MemberAdmin(ReadOnly, ModelAdmin):
    """Members, with suspending and reinstating as actions. Where somebody lives is not shown to staff."""

    list_display = ("display_name", "community", "state", "area_name", "trades_completed", "review_count", "joined_at")
    list_filter = ("community", "state")
    list_select_related = ("community",)
    search_fields = ("display_name", "user__email")
    ordering = ("-joined_at",)
    fields = (
        *("display_name", "community", "user", "state", "area_name", "joined_at", "confirmed_at", "starter_granted_at"),
        *("name_redrawn_at", "trades_completed", "review_count", "review_stars"),
        *("to_spend", "held", "credit_line", "accounts"),
    )
    readonly_fields = ("to_spend", "held", "credit_line", "accounts")
    inlines = (FormerNames,)
    actions = ("suspend", "reinstate")
    actions_detail = ("give_credits",)
    show_full_result_count = False

    @admin.display(description="to spend (credits)")
    def to_spend(self, member: Member) -> str:
        """What the member can offer now, the credit line with it."""
        return display(_find_balance(member).available)

    @admin.display(description="held for trades (credits)")
    def held(self, member: Member) -> str:
        """What lies in escrow."""
        return display(_find_balance(member).held)

    @admin.display(description="credit line (credits)")
    def credit_line(self, member: Member) -> str:
        """How far below zero the member may go; a part of what there is to spend."""
        return display(_find_balance(member).credit_line)

    @admin.display(description="in the ledger")
    def accounts(self, member: Member) -> SafeString:
        """To the accounts and holds."""
        ways = (("Accounts", "admin:credits_account_changelist"), ("Holds", "admin:credits_hold_changelist"))
        links = ((reverse(view), member.ledger_ref, name) for name, view in ways)
        return format_html_join(", ", '<a href="{}?q={}">{}</a>', links)

    @action(description="Give credits", permissions=["pay"], url_path="give-credits")
    def give_credits(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """To the form, which a layer above has."""
        return redirect("admin:trading_staffpayment_grant", object_id)

    def has_pay_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        """Whether this coordinator may move credits."""
        return request.user.has_perm("trading.add_staffpayment")

    @admin.action(description="Suspend: may look, may not act", permissions=["moderate"])
    def suspend(self, request: HttpRequest, queryset: QuerySet[Member]) -> None:
        """Suspend the chosen members who are active."""
        for member_id in queryset.values_list("pk", flat=True):
            services.suspend_member(member_id=member_id)

    @admin.action(description="Reinstate suspended members", permissions=["moderate"])
    def reinstate(self, request: HttpRequest, queryset: QuerySet[Member]) -> None:
        """Let the chosen members act again."""
        for member_id in queryset.values_list("pk", flat=True):
            services.reinstate_member(member_id=member_id)

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        """Whether this coordinator may suspend: Django's own right to change members."""
        return request.user.has_perm("members.change_member")
