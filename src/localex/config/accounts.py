"""Settings of accounts: how people sign in, and the limits on trying. Imported by settings.py."""

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["localex.members.hashers.Argon2Hasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email"]},
    },
]

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
PASSWORD_RESET_TIMEOUT = 60 * 60  # seconds

ACCOUNT_ADAPTER = "localex.notifications.account_mail.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_CONFIRMATION_EXPIRE_DAYS = 1
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = True
# allauth counts in the cache, which may vanish; LocalEx counts in PostgreSQL (members/limits.py).
ACCOUNT_RATE_LIMITS = False
ACCOUNT_FORMS = {
    "login": "localex.members.forms.SignInForm",
    "signup": "localex.members.forms.SignUpForm",
    "reset_password": "localex.members.forms.ResetPasswordForm",
    "reset_password_from_key": "localex.members.forms.NewPasswordForm",
    "change_password": "localex.members.forms.ChangePasswordForm",
    "add_email": "localex.members.forms.ChangeEmailForm",
    "reauthenticate": "localex.members.forms.ReauthenticateForm",
}

# Failed sign-ins in 15 minutes; members/adapter.py says why there are three counts.
SIGN_INS_PER_ACCOUNT_AND_NETWORK = 5
SIGN_INS_PER_ACCOUNT = 20
SIGN_INS_PER_NETWORK = 20
SIGN_UPS_PER_HOUR = 3
PASSWORD_RESETS_PER_HOUR = 3
CONFIRMATION_MAILS_PER_HOUR = 3
