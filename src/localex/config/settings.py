"""Django's settings, made from the environment and nothing else."""

from csp.constants import NONCE, NONE, SELF
from django.templatetags.static import static

from localex.config.database import django_database
from localex.config.environment import Environment, read_environment
from localex.config.logs import configure_logs

LOCALEX: Environment = read_environment()

SECRET_KEY = LOCALEX.secret_key
DEBUG = LOCALEX.debug
ALLOWED_HOSTS = LOCALEX.allowed_hosts
CSRF_TRUSTED_ORIGINS = [LOCALEX.base_url]
ROOT_URLCONF = "localex.config.urls"
WSGI_APPLICATION = "localex.config.wsgi.application"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
USE_I18N = True
FORMAT_MODULE_PATH = "localex.config.formats"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "members.User"
SITE_ID = None

CONTEXTS = (
    "web",
    "operations",
    "search",
    "notifications",
    "trading",
    "listings",
    "places",
    "members",
    "communities",
    "media",
    "credits",
    "jobs",
)
INSTALLED_APPS = [
    *(["localex.demo"] if LOCALEX.demo else []),
    *(f"localex.{name}" for name in CONTEXTS),
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "django_tasks",
    "csp",
]

MIDDLEWARE = [
    "localex.web.middleware.BodySizeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "localex.web.middleware.StaffPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "localex.members.middleware.CurrentMemberMiddleware",
    "localex.web.middleware.CommunityTimeMiddleware",
    "localex.notifications.middleware.SeenNoticesMiddleware",
    "localex.web.middleware.ErrorPageMiddleware",
    "localex.web.middleware.NulGuardMiddleware",
]

FORM_RENDERER = "localex.web.renderer.FormRenderer"
CSRF_FAILURE_VIEW = "localex.web.errors.csrf_failed"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "csp.context_processors.nonce",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "localex.web.context.page_context",
            ]
        },
    }
]

DATABASES = {
    "default": django_database(LOCALEX.database_url, variable="DATABASE_URL", pool_size=LOCALEX.database_pool_size),
}

# A copy that may vanish; nothing that guards anything rests on it.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "localex"}}

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "__Host-session" if LOCALEX.is_https else "localex_session"
SESSION_COOKIE_SECURE = LOCALEX.is_https
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
CSRF_COOKIE_NAME = "__Host-csrf" if LOCALEX.is_https else "localex_csrf"
CSRF_COOKIE_SECURE = LOCALEX.is_https
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if LOCALEX.is_https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = LOCALEX.is_https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if LOCALEX.is_https else None
X_FRAME_OPTIONS = "DENY"

_tiles = [LOCALEX.map_tile_url.split("/{", 1)[0]] if LOCALEX.map_tile_url else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:", *_tiles],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

STATIC_URL = "/static/"
STATIC_ROOT = LOCALEX.data_dir / "static"
MEDIA_ROOT = LOCALEX.data_dir / "media"
STORAGES = {
    "default": {"BACKEND": "localex.media.storage.AtomicFileStorage", "OPTIONS": {"location": str(MEDIA_ROOT)}},
    "staticfiles": {"BACKEND": "localex.config.static.HashedStaticFilesStorage"},
}
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
DATA_UPLOAD_MAX_NUMBER_FILES = 12
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700

TASKS = {"default": {"BACKEND": "localex.jobs.backend.OutboxBackend"}}

DEFAULT_FROM_EMAIL = SERVER_EMAIL = LOCALEX.mail_from
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"  # mail leaves through localex.ports.mail only

UNFOLD = {
    "SITE_TITLE": "LocalEx staff",
    "SITE_HEADER": "LocalEx staff",
    "SITE_URL": "/",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("img/favicon.svg")}],
}

LOGGING_CONFIG = None
configure_logs(LOCALEX.log_level)

from localex.config.accounts import *  # noqa: E402, F403

ALLAUTH_TRUSTED_PROXY_COUNT = LOCALEX.trusted_proxies
if LOCALEX.demo:
    # Everybody who tries a demo town comes from the same loopback address.
    SIGN_UPS_PER_HOUR = PASSWORD_RESETS_PER_HOUR = 100
