"""Addresses as Bleep has them: links in messages; PostgreSQL and Valkey, by TLS, with certificates that are checked.

Plain text, so that a test of Bleep can hold it against what its libraries make of it.
"""

POSTGRES, REDIS = 5432, 6379
NAME = "bleep"
"""Of the database, and of the role that owns it."""
APP = "bleep_app"
"""The role of all parts but the migrations, which make it. It owns nothing."""
CERTIFICATES = "deploy/aws/rds-ca.pem"
"""In the image. The roots of RDS are AWS's own: no operating system brings them, so `sslrootcert=system` fails."""
IMAGE = "/app"
ANSWER_LINK = "^/a/[A-Za-z0-9_-]{22}$"
"""The whole path of a link to answer on. No other path of Bleep has this form, and no path of this form leads on."""


def database_url(*, host: str, password: str, role: str = APP) -> str:
    """DATABASE_URL; with the owner as role MIGRATE_DATABASE_URL."""
    checked = f"sslmode=verify-full&sslrootcert={IMAGE}/{CERTIFICATES}"
    return f"postgresql://{role}:{password}@{host}:{POSTGRES}/{NAME}?{checked}"


def redis_url(*, host: str, password: str) -> str:
    """REDIS_URL. Without the two options Celery takes any certificate. Valkey's is of a root that Python knows."""
    return f"rediss://:{password}@{host}:{REDIS}/0?ssl_cert_reqs=required&ssl_check_hostname=true"
