"""Forms of accounts and members: what may be typed, and in which words it is refused."""

from typing import Any, cast
from uuid import UUID

from allauth.account import forms as account_forms
from allauth.account.internal.flows.signup import prevent_enumeration
from django import forms
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse

from localex.communities.queries import list_open
from localex.lib.ids import new_id
from localex.members import limits, services
from localex.members.adapter import HOUR, SIGN_IN_WINDOW, network_of
from localex.members.models import User

MAX_PASSWORD_LENGTH = 256  # hashing takes longer for longer ones
LONG_HELP = "At least 12 characters. A few words in a row are easy to remember and hard to guess."


class PlainFields:
    """Labels and help in LocalEx's words; no placeholders, which vanish just when they are needed."""

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            if name in ("login", "email"):
                field.label = "E-mail"
                field.error_messages["invalid"] = "Enter a whole e-mail address, such as name@example.org."
                field.error_messages["required"] = "Enter your e-mail address."
            if name in ("password", "oldpassword", "password1") and isinstance(field, forms.CharField):
                field.help_text = LONG_HELP if name == "password1" else ""
                field.error_messages["required"] = "Enter a password."
                limit_password(field)


def limit_password(field: forms.CharField) -> None:
    """Refuse passwords that are long enough to keep the server busy."""
    field.max_length = MAX_PASSWORD_LENGTH
    field.validators.append(
        forms.CharField(max_length=MAX_PASSWORD_LENGTH).validators[0],
    )


class SignInForm(PlainFields, account_forms.LoginForm):
    """E-mail and password."""


class SignUpForm(PlainFields, account_forms.SignupForm):
    """E-mail, password, community, and the word that they are an adult."""

    community = forms.TypedChoiceField(
        label="Community", coerce=UUID, error_messages={"required": "Choose where you want to trade."}
    )
    is_adult = forms.BooleanField(
        label="I am 18 or older",
        error_messages={"required": "LocalEx is for adults: say that you are 18 or older."},
    )
    field_order = ["email", "password1", "community", "is_adult"]
    account_already_exists: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = "Password"
        communities = list_open()
        choice = cast(forms.TypedChoiceField, self.fields["community"])
        names = [(str(community.pk), community.name) for community in communities]
        choice.choices = names
        if len(communities) == 1:
            choice.initial = str(communities[0].pk)
            choice.widget = forms.HiddenInput()
        else:
            choice.choices = [("", "Choose a community"), *names]

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Open the account, or do what looks and takes the same when the address has one.

        allauth writes to the owner of the address instead. TooManyAttempts after three in an hour.
        """
        limit = settings.SIGN_UPS_PER_HOUR
        kept = "Nothing was kept of this form."
        limits.spend("sign_up.network", network_of(request), limit, HOUR, doing="new accounts from here", kept=kept)
        limits.spend("sign_up", self.cleaned_data["email"], limit, HOUR, doing="tries with this address", kept=kept)
        address = self.cleaned_data["email"]
        try:
            if not self.account_already_exists:
                return self._open_account(address), None
        except IntegrityError:
            pass  # Somebody joined with the same address a moment ago.
        else:
            self._rehearse()
        self.account_already_exists = True
        return None, prevent_enumeration(request, email=address)

    def _open_account(self, address: str) -> User:
        with transaction.atomic():
            user = services.open_account(email=address, password=self.cleaned_data["password1"], is_adult=True)
            services.join_community(user_id=user.pk, community_id=self.cleaned_data["community"])
        return user

    def _rehearse(self) -> None:
        """Do all the work of a new account and take it back: otherwise the time would tell that there is one."""
        with transaction.atomic():
            self._open_account(f"{new_id().hex}@rehearsal.invalid")
            transaction.set_rollback(True)


class ResetPasswordForm(PlainFields, account_forms.ResetPasswordForm):
    """Ask for a link to set a new password."""

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Send the link, or a note that there is no account. TooManyAttempts after three in an hour."""
        limit = settings.PASSWORD_RESETS_PER_HOUR
        kept = "Your password has not changed, and links already sent go on working."
        limits.spend("reset", self.cleaned_data["email"], limit, HOUR, doing="requests for this address", kept=kept)
        network = network_of(request)
        limits.spend("reset.network", network, limit * 3, HOUR, doing="requests from here", kept=kept)
        address: str = super().save(request, **kwargs)
        return address


class NewPasswordForm(PlainFields, account_forms.ResetPasswordKeyForm):
    """The new password behind a reset link; typed once, because it can be made visible."""

    password2 = None


class ChangePasswordForm(PlainFields, account_forms.ChangePasswordForm):
    """The current password and a new one."""

    password2 = None

    def clean_oldpassword(self) -> str:
        """The current password. TooManyAttempts after five wrong ones, so that a borrowed phone cannot guess on."""
        key, limit = str(self.user.pk), settings.SIGN_INS_PER_ACCOUNT_AND_NETWORK
        limits.spend("change_password", key, limit, SIGN_IN_WINDOW, doing="wrong passwords")
        password: str = super().clean_oldpassword()
        limits.give_back("change_password", key)
        return password


class ChangeEmailForm(PlainFields, account_forms.AddEmailForm):
    """A new address, which counts once it is confirmed."""


class ReauthenticateForm(PlainFields, account_forms.ReauthenticateForm):
    """The password once more."""


class JoinForm(forms.Form):
    """Which community to join, or to act in."""

    community = forms.TypedChoiceField(
        label="Community",
        coerce=UUID,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a community.", "invalid_choice": "Choose one of these communities."},
    )

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["community"].choices = choices  # type: ignore[attr-defined]
        if len(choices) == 1:
            self.fields["community"].initial = choices[0][0]
