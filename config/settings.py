"""Bleep's settings: one file, every value from the environment (see `config.env`)."""

import os
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
from django.templatetags.static import static
from django.urls import reverse_lazy

from config import env
from config.logs.configuration import logging_config

# Django's generic classes can be written with their parameters, `ModelAdmin[Alert]`, only after this.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

# Where it runs
SECRET_KEY = env.text("SECRET_KEY")
AUDIT_KEY = env.text("AUDIT_KEY")
DEBUG = env.flag("DEBUG")
LOCAL_MODE = env.flag("LOCAL_MODE")
HTTPS = env.flag("HTTPS")
WEB_SERVICE = os.environ.get("WEB_SERVICE", "")
"""The web service of this process, as `deploy/entrypoint` names it. A service loads only what it serves."""
# `web-probes` shows no page, and scrapers call it by its name or address inside, over http.
SERVED_HOSTS = env.words("ALLOWED_HOSTS")
ALLOWED_HOSTS = ["*"] if WEB_SERVICE == "web-probes" else SERVED_HOSTS
CSRF_FAILURE_VIEW = "staff.errors.not_from_a_form"
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
ROOT_URLCONF = {
    "web-api": "config.urls.api",
    "web-probes": "config.urls.probes",
    "none": "config.urls.probes",  # relays and workers
}.get(WEB_SERVICE, "config.urls.everything")
HAS_PAGES = WEB_SERVICE in {"", "web-admin"}
"""Whether this process may show the staff's pages, or is a command. Other processes do without what only logins
need."""
LOGIN_APPS = [
    "axes",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "django.contrib.humanize",
]

INSTALLED_APPS = [
    "config",
    "audit",
    "theme",
    "contacts",
    "oncall",
    "clients",
    "alerts",
    "retention",
    "staff.apps.StaffConfig",  # before unfold and drf_spectacular: some of their templates are ours
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.simple_history",
    "staff.apps.StaffAdminConfig",  # django.contrib.admin, with our site
    "simple_history",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    *(LOGIN_APPS if HAS_PAGES else []),
    # Not in the image, where `config.checks` reports that LOCAL_MODE is wrong.
    *(["sandbox"] if LOCAL_MODE and find_spec("sandbox") else []),
]
LOGIN_MIDDLEWARE = [
    "allauth.account.middleware.AccountMiddleware",
    "staff.logins.gate.Gate",
    "axes.middleware.AxesMiddleware",
]
MIDDLEWARE = [
    "alerts.monitoring.probes.Probes",
    "config.logs.requests.RequestLog",
    "audit.middleware.Trail",
    "staff.csp.ContentSecurityPolicy",
    "alerts.api.transport.HttpsOnly",  # before SecurityMiddleware redirects to https
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "staff.middleware.Sessions",
    # Also sets Content-Length; without it granian sends chunks.
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "staff.middleware.Users",
    "staff.middleware.IdleSessions",
    "staff.middleware.Messages",
    "staff.trail.recording.Recording",  # who saw what
    "simple_history.middleware.HistoryRequestMiddleware",  # who changed it
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "clients.usage.CountRequests",
    *(LOGIN_MIDDLEWARE if HAS_PAGES else []),
]
# For the web services only (`config.wsgi`): functions to call at the start
WEB_SERVER_STARTS = ["clients.usage.keep_writing"]
if WEB_SERVICE == "web-probes":  # without pages, and without senders
    MIDDLEWARE = [
        "alerts.monitoring.probes.Probes",
        "config.logs.requests.RequestLog",
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.common.CommonMiddleware",
    ]
    WEB_SERVER_STARTS = []
    CSRF_FAILURE_VIEW = "django.views.csrf.csrf_failure"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "static/"
STATIC_ROOT = None if LOCAL_MODE else BASE_DIR / "staticfiles"
# Hashed names need `collectstatic`, which the image runs. A checkout serves the files in place.
WHITENOISE_USE_FINDERS = LOCAL_MODE
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if LOCAL_MODE
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Where `make run` shows what arrives: the stand-in for AWS on this machine, which boto3 finds by the same variable
HANDSETS_URL = os.environ.get("AWS_ENDPOINT_URL", "") if LOCAL_MODE else ""
if not HANDSETS_URL.startswith("http://127.0.0.1:"):
    HANDSETS_URL = ""

# The database: each thread keeps one connection, and checks it before each request or task
DATABASES = {
    "default": {
        **env.database("DATABASE_URL"),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
    }
}
# Notice in seconds when the database host disappears. By default a request would hang for minutes.
DATABASES["default"]["OPTIONS"] = {
    "connect_timeout": 3,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    # Only what asks for it is prepared (`config.database.prepared_row`). Django would forbid that, too.
    "prepare_threshold": 1_000_000_000,
    # After a failover the old server may still answer, but read-only.
    "target_session_attrs": "read-write",
    **DATABASES["default"].get("OPTIONS", {}),
}
# One slow statement, lock or forgotten transaction must not hold up everything else. Options in the URL come later and
# win. `manage.py migrate` lifts the limits for itself.
DATABASES["default"]["OPTIONS"]["options"] = " ".join(
    [
        "-c statement_timeout=10s -c lock_timeout=5s -c idle_in_transaction_session_timeout=30s",
        DATABASES["default"]["OPTIONS"].get("options", ""),
    ]
).strip()
OWNER = env.database("MIGRATE_DATABASE_URL") if env.text("MIGRATE_DATABASE_URL") else None
"""The connection of `migrate`, which has this variable for itself (`config.security.privileges`)."""
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# allauth's counts have to be shared by all processes (`staff.logins.shared_cache`). In `process` each process keeps
# results that it could compute again.
IN_THIS_PROCESS = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
CACHES = {
    "default": {"BACKEND": "staff.logins.shared_cache.SharedCache"} if HAS_PAGES else IN_THIS_PROCESS,
    "process": {**IN_THIS_PROCESS, "LOCATION": "process"},
}

# Uploads are files of clinicians. They stay in memory and are never written to disk; larger ones are refused.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# Language, times, logins
LANGUAGE_CODE = "en-gb"
USE_I18N = False
FORMAT_MODULE_PATH = "config.formats"
TIME_ZONE = env.zone("TIME_ZONE")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]
AUTHENTICATION_BACKENDS = [
    *(["axes.backends.AxesStandaloneBackend"] if HAS_PAGES else []),  # refuses people who are locked out
    "staff.logins.backend.StaffBackend",
]
# New passwords use the first. The second checks those of an older version, which then move to the first.
PASSWORD_HASHERS = [
    "staff.logins.backend.Argon2id",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# Lock-outs: `staff.logins.lockout` has the limits.
AXES_HANDLER = "staff.logins.lockout.Lockout"
AXES_CLIENT_IP_CALLABLE = "staff.logins.lockout.address"
AXES_LOCKOUT_CALLABLE = "staff.logins.lockout.page"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "ip_address", "username"]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_VERBOSE = AXES_ENABLE_ADMIN = False
# Second factors and single sign-on, by allauth
LOGIN_URL = "admin:login"
REQUIRE_MFA = env.flag("REQUIRE_MFA") or not LOCAL_MODE
ACCOUNT_ADAPTER = "staff.logins.accounts.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
MFA_ADAPTER = "staff.logins.accounts.MfaAdapter"
MFA_FORMS = {"authenticate": "staff.logins.forms.CodeForm", "reauthenticate": "staff.logins.forms.ProofForm"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Bleep"
MFA_TOTP_TOLERANCE = 1  # codes of the half minutes before and after count too: clocks differ
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = LOCAL_MODE
LOCAL_LOGINS = env.flag("LOCAL_LOGINS")
BREAK_GLASS_LOGINS = env.words("BREAK_GLASS_LOGINS")
OIDC_ID = "hospital"
OIDC_ISSUER = env.matching(
    "OIDC_ISSUER",
    r"https://[!-~]+|http://(127\.0\.0\.1|localhost)(:[0-9]+)?(/[!-~]*)?",
    "must be the https address of a provider, for example https://login.example.",
).rstrip("/")
OIDC_NAME = env.text("OIDC_NAME")
OIDC_ROLES_CLAIM = env.text("OIDC_ROLES_CLAIM")
OIDC_PROVIDES_MFA = env.flag("OIDC_PROVIDES_MFA")
SOCIALACCOUNT_ADAPTER = "staff.logins.sign_on.claims.SocialAdapter"
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": OIDC_ID,
                "name": OIDC_NAME,
                "client_id": env.text("OIDC_CLIENT_ID"),
                "secret": env.text("OIDC_CLIENT_SECRET"),
                "settings": {"server_url": OIDC_ISSUER},
            }
        ]
        if OIDC_ISSUER
        else [],
    }
}
DEFAULT_COUNTRY = env.country("DEFAULT_COUNTRY")
NUMBER_COUNTRIES = env.countries("NUMBER_COUNTRIES") or frozenset({DEFAULT_COUNTRY or env.ALL})
NUMBER_TYPES = env.number_types("NUMBER_TYPES")
LOGIN_REDIRECT_URL = "admin:index"
# A session lasts for a working day or until the browser is closed: wards share computers. `staff.site` clears them.
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_IDLE = timedelta(minutes=env.number("SESSION_IDLE_MINUTES", minimum=1, maximum=720))

# Transport security: on unless HTTPS=false, which is for loopback only
SECURE_SSL_REDIRECT = HTTPS and WEB_SERVICE != "web-probes"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
TRUST_PROXY = env.flag("TRUST_PROXY")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUST_PROXY else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
# No other host of the domain can set a cookie whose name begins like this, and no page of another site can have it
# sent.
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_HTTPONLY = True  # our scripts take it from the page

# What a browser may load and run. docs/deployment.md explains each exception
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        # A login by single sign-on is a form that leads there.
        "form-action": [
            "'self'",
            *([f"{urlsplit(OIDC_ISSUER).scheme}://{urlsplit(OIDC_ISSUER).netloc}"] if OIDC_ISSUER else []),
        ],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
CONTENT_SECURITY_POLICY_OF_ADMIN = {"script-src": ["'unsafe-eval'"]}

# The staff's site: settings of the theme (https://unfoldadmin.com/docs/configuration/settings/). The palette is in
# theme/static/theme/colours.css.
UNFOLD = {
    "SITE_TITLE": "Bleep",
    "SITE_HEADER": "Bleep",
    "SITE_SUBHEADER": "Alerts for clinicians",
    "SITE_SYMBOL": "ecg_heart",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _: static("theme/favicon.svg")}
    ],
    "SITE_URL": None,  # the link would lead back here
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "STYLES": [lambda _: static("theme/colours.css"), lambda _: static("theme/theme.css")],
    # unfold's scripts under our Content-Security-Policy, and no form sent twice by a double-click
    "SCRIPTS": [lambda _: static("theme/theme.js"), lambda _: static("theme/once.js")],
    "ACCOUNT": {"navigation": [{"title": "Your login", "link": reverse_lazy("own_login")}]},
    "SIDEBAR": {"navigation": "staff.navigation.sidebar"},
    "DASHBOARD_CALLBACK": "staff.home.page.context",
}
SIMPLE_HISTORY_REVERT_DISABLED = True  # reverting would bypass the checks of the clinician's form

# The API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["clients.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["clients.authentication.MayUseTheApi"],
    "DEFAULT_THROTTLE_CLASSES": ["clients.throttling.ClientRateThrottle"],
    "DEFAULT_PARSER_CLASSES": ["alerts.api.request_body.parsers.BoundedJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "alerts.api.negotiation.Forgiving",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "alerts.api.problems.handle",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Bleep",
    "DESCRIPTION": "Send an alert to a clinician, and follow its delivery.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENFORCE_NON_BLANK_FIELDS": True,
    "PREPROCESSING_HOOKS": ["alerts.api.documentation.without_trailing_slashes"],
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "ENUM_NAME_OVERRIDES": {
        "Priority": "contacts.choices.Priority",
        "Channel": "contacts.choices.Channel",
        "AlertStatus": "alerts.states.AlertStatus",
        "DeliveryState": "alerts.states.DeliveryState",
        "AttemptState": "alerts.states.AttemptState",
    },
}
PUBLIC_DOCS = env.flag("PUBLIC_DOCS")
ALLOW_UNKNOWN_FIELDS = env.flag("ALLOW_UNKNOWN_FIELDS")
REFUSE_NHS_NUMBERS = env.flag("REFUSE_NHS_NUMBERS")
RATE_LIMIT_PER_MINUTE = env.number("RATE_LIMIT_PER_MINUTE", minimum=1, maximum=1_000_000)

# Delivery
REDIS_URL = env.matching(
    "REDIS_URL",
    r"(rediss?|redis\+socket)://.+",
    "must be the URL of a Redis, for example redis://host:6379/0.",
)
LEASE = timedelta(seconds=env.number("LEASE_SECONDS", minimum=30, maximum=600))
"""How long a worker may hold a delivery: longer than any call to a provider can take (`alerts.channels.aws`), plus the
time that `alerts.sending.send` keeps for recording the answer."""

# The channels
EMAIL_TOPIC_PREFIX = env.matching(
    "EMAIL_TOPIC_PREFIX", r"[A-Za-z0-9_-]{1,100}", "must be 1 to 100 letters, digits, - and _."
)
EMAIL_TOPIC_KMS_KEY = env.matching(
    "EMAIL_TOPIC_KMS_KEY",
    r"[A-Za-z0-9:/_-]{1,256}",
    "must be the ARN, the ID or the alias of a KMS key, for example alias/bleep-messaging.",
)
SMS_SENDER_ID = env.matching(
    "SMS_SENDER_ID",
    r"(?=.*[A-Za-z])[A-Za-z0-9]{1,11}",
    "must be 1 to 11 letters and digits with at least one letter.",
)
SMS_MAX_PRICE = env.matching(
    "SMS_MAX_PRICE", r"[0-9]{1,4}(\.[0-9]{1,5})?", "must be a price in US dollars, for example 0.50."
)
SMS_MAX_PARTS = int(
    env.matching(
        "SMS_MAX_PARTS", r"[0-9]|10", "must be a whole number from 1 to 10; 0 or empty cuts nothing."
    )
    or 0
)
SMS_ORIGINATION_NUMBER = env.matching(
    "SMS_ORIGINATION_NUMBER",
    r"\+[1-9][0-9]{4,14}",
    "must be a phone number in E.164 format, for example +447700900800.",
)
SMS_REPLY_QUEUE_URL = env.matching(
    "SMS_REPLY_QUEUE_URL",
    r"https?://[!-~]+",
    "must be the URL of an SQS queue, for example https://sqs.eu-west-2.amazonaws.com/123456789012/replies.",
)
CONNECT_EVENT_QUEUE_URL = env.matching(
    "CONNECT_EVENT_QUEUE_URL",
    r"https?://[!-~]+",
    "must be the URL of an SQS queue, for example https://sqs.eu-west-2.amazonaws.com/123456789012/calls.",
)
TELL_FORMER_ADDRESSES = env.flag("TELL_FORMER_ADDRESSES")
SMS_WITHOUT_PATIENT_DATA = env.flag("SMS_WITHOUT_PATIENT_DATA")
PUBLIC_URL = env.matching(
    "PUBLIC_URL",
    r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/?",
    "must be the address of Bleep without a path, for example https://bleep.example.",
).rstrip("/")
CONNECT_INSTANCE_ID = env.text("CONNECT_INSTANCE_ID")
CONNECT_CONTACT_FLOW_ID = env.text("CONNECT_CONTACT_FLOW_ID")
CONNECT_SOURCE_PHONE_NUMBER = env.matching(
    "CONNECT_SOURCE_PHONE_NUMBER",
    r"\+[1-9][0-9]{4,14}",
    "must be a phone number in E.164 format, for example +442079460000.",
)
CONNECT_QUEUE_ID = env.text("CONNECT_QUEUE_ID")
CONNECT_RING_SECONDS = env.number("CONNECT_RING_SECONDS", minimum=15, maximum=60)
REPEAT_AFTER = timedelta(seconds=env.number("REPEAT_AFTER_SECONDS", minimum=10, maximum=600))
CONNECT_CALLS_PER_SECOND = env.number("CONNECT_CALLS_PER_SECOND", minimum=1, maximum=1000)
SMS_PER_SECOND = env.number("SMS_PER_SECOND", minimum=1, maximum=10_000)

# How long data is kept (`retention`)
KEEP_TEXTS_DAYS = env.number("KEEP_TEXTS_DAYS", minimum=0, maximum=36_500)
KEEP_ALERTS_YEARS = env.number("KEEP_ALERTS_YEARS", minimum=0, maximum=100)
KEEP_LEAVERS_DAYS = env.number("KEEP_LEAVERS_DAYS", minimum=0, maximum=36_500)
EXPIRE_AT_HOUR = env.number("EXPIRE_AT_HOUR", minimum=0, maximum=23)

# Monitoring
FRONT_DOOR_URL = env.matching(
    "FRONT_DOOR_URL",
    r"https?://[!-~]+",
    "must be an http or https URL, for example http://door:8000.",
)
DEADMAN_URL = env.matching(
    "DEADMAN_URL",
    r"https?://[!-~]+",
    "must be an http or https URL, for example https://switch.example/ping/bleep.",
)
METRICS_TOKEN = env.matching(
    "METRICS_TOKEN",
    r"[!-~]{16,}",
    "must be at least 16 letters, digits and punctuation marks.",
)

# Logs
LOG_FORMAT = env.choice("LOG_FORMAT", among=("json", "console"))
LOGGING = logging_config(
    level=env.choice("LOG_LEVEL", among=("DEBUG", "INFO", "WARNING", "ERROR")), style=LOG_FORMAT
)
LOGGING_CONFIG = "config.logs.configuration.configure"

# Traces
TRACES = env.matching("TRACES", r"otlp|/.+", "must be `otlp`, or the path of a file from the root on.")
