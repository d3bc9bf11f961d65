"""The environment of the parts of Bleep: plain values, and secrets."""

from collections.abc import Mapping

from aws_cdk import (
    SecretValue,
    aws_ecs as ecs,
    aws_kms as kms,
    aws_secretsmanager as secretsmanager,
)
from constructs import Construct

from deploy.aws.messaging import BleepMessaging
from deploy.aws.parameters import Parameters, PlatformParameters
from deploy.aws.platform.data import Data, random
from deploy.aws.platform.network import ADDRESSES, DOOR

API, ADMIN, PROBES = 8002, 8003, 8004
"""Ports of the services behind the door. They listen on loopback, so that nobody gets past the door."""
NAMESPACE = "bleep.internal"
WEB = "web"
API_THREADS = 16
"""Threads of one web-api, as deploy/entrypoint starts it."""
IDLE_SECONDS = 45
"""How long the load balancer waits for an answer: longer than `Prefer: wait=30`, and shorter than the door keeps an
idle connection. Otherwise a request could meet a connection that is just being closed."""
DOOR_KEEPS_MILLISECONDS = 60_000
"""The load balancer passes on only whole heads, so nobody can hold connections through it."""

DOOR_SETTINGS: Mapping[str, str] = {
    "GRANIAN_PORT": str(DOOR),
    "GRANIAN_HTTP1_HEADER_READ_TIMEOUT": str(DOOR_KEEPS_MILLISECONDS),
    "API_THREADS": str(API_THREADS),
    "TRUSTED_PROXIES": f"{ADDRESSES},127.0.0.0/8",  # the load balancer is in the network
    "WEB_API_URL": f"http://127.0.0.1:{API}",
    "WEB_ADMIN_URL": f"http://127.0.0.1:{ADMIN}",
    "WEB_PROBES_URL": f"http://127.0.0.1:{PROBES}",
}
"""The door needs no secret, and sends no messages."""


WEB_SECRETS = frozenset({"SECRET_KEY", "DATABASE_URL"})
WORKER_SECRETS = frozenset({"DATABASE_URL", "REDIS_URL"})
SECRETS: Mapping[str, frozenset[str]] = {
    "migrate": frozenset({"DATABASE_URL", "MIGRATE_DATABASE_URL"}),
    "first-login": WEB_SECRETS,
    "web-api": WEB_SECRETS,
    "web-admin": WEB_SECRETS,
    "web-probes": WEB_SECRETS | {"METRICS_TOKEN"},
    "relay": WEB_SECRETS | {"REDIS_URL", "DEADMAN_URL"},
    "worker": WORKER_SECRETS,
    "worker-urgent": WORKER_SECRETS,
}
"""The secrets of each part: see NEEDED in config/checks.py."""


class Settings(Construct):
    """The variables of all parts but the door."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        data: Data,
        key: kms.IKey,
        parameters: Parameters,
        platform: PlatformParameters,
        messaging: BleepMessaging,
    ) -> None:
        super().__init__(scope, name)
        self._key = key
        self.values: Mapping[str, str] = {
            **messaging.shared_settings(),
            "ALLOWED_HOSTS": platform.domain,
            "CSRF_TRUSTED_ORIGINS": f"https://{platform.domain}",
            "FRONT_DOOR_URL": f"http://{WEB}.{NAMESPACE}:{DOOR}",
            "TRUST_PROXY": "true",  # the load balancer overwrites X-Forwarded-Proto
        }
        if platform.answer_links != "none":
            self.values = {**self.values, "PUBLIC_URL": f"https://{platform.domain}"}
        stored: dict[str, secretsmanager.ISecret] = {
            "SECRET_KEY": random(self, "SecretKey", "SECRET_KEY of Bleep", key),
            "METRICS_TOKEN": random(self, "MetricsToken", "METRICS_TOKEN of Bleep", key),
            "DATABASE_URL": self._url("DatabaseUrl", data.database_url, "DATABASE_URL of Bleep"),
            "REDIS_URL": self._url("RedisUrl", data.redis_url, "REDIS_URL of Bleep"),
        }
        if platform.deadman_secret:
            stored["DEADMAN_URL"] = secretsmanager.Secret.from_secret_name_v2(
                self, "DeadmanUrl", platform.deadman_secret
            )
        stored["MIGRATE_DATABASE_URL"] = self._url(
            "OwnerUrl", data.owner_url, "MIGRATE_DATABASE_URL of Bleep"
        )
        self._secrets = {name: ecs.Secret.from_secrets_manager(secret) for name, secret in stored.items()}
        self.first_password = random(self, "FirstPassword", "Password of the first login, admin", key)

    def secrets_of(self, part: str) -> dict[str, ecs.Secret]:
        """The secrets of a part."""
        return {name: secret for name, secret in self._secrets.items() if name in SECRETS[part]}

    def _url(self, name: str, url: str, what: str) -> secretsmanager.Secret:
        """A secret made of others. The template contains references, and never a password."""
        return secretsmanager.Secret(
            self,
            name,
            description=what,
            encryption_key=self._key,
            secret_string_value=SecretValue.unsafe_plain_text(url),
        )
