"""URLs of Bleep: links in messages; PostgreSQL and Valkey, by TLS with checked certificates.

Plain text, so that a test of Bleep can check it against its libraries.
"""

POSTGRES, REDIS = 5432, 6379
NAME = "bleep"
"""The names of the database, and of the role that owns it."""
APP = "bleep_app"
"""The role of all parts but the migrations, which make it. It owns nothing."""
CERTIFICATES = "deploy/aws/rds-ca.pem"
"""The file is in the image. The roots of RDS are AWS's own, and no operating system has them: `sslrootcert=system`
fails."""
IMAGE = "/app"
ANSWER_LINK = "^/a/[A-Za-z0-9_-]{22}$"
"""The whole path of a link to answer on. No other path of Bleep looks like this, and no page at such a path leads
further."""


def database_url(*, host: str, password: str, role: str = APP) -> str:
    """DATABASE_URL; with the owner as role it is MIGRATE_DATABASE_URL."""
    checked = f"sslmode=verify-full&sslrootcert={IMAGE}/{CERTIFICATES}"
    return f"postgresql://{role}:{password}@{host}:{POSTGRES}/{NAME}?{checked}"


def redis_url(*, host: str, password: str) -> str:
    """REDIS_URL. Without the two options Celery accepts any certificate. The root of Valkey's certificate is one that
    Python has.
    """
    return f"rediss://:{password}@{host}:{REDIS}/0?ssl_cert_reqs=required&ssl_check_hostname=true"
