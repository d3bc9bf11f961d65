"""Logs: encrypted, and kept as long as the parameters say."""

from aws_cdk import RemovalPolicy, aws_kms as kms, aws_logs as logs
from constructs import Construct

from deploy.aws.log_key import let_logs_use

RETENTION = {
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
}
"""The values that `LOG_DAYS` of the parameters may have."""
FOLDER = "/bleep/"
FIREWALL = "aws-waf-logs-bleep"
"""WAF writes only to groups whose names begin like this."""


class Logs(Construct):
    """The log groups. Bleep's own is one for all parts, with a stream for each container."""

    def __init__(self, scope: Construct, name: str, *, key: kms.Key, days: int) -> None:
        super().__init__(scope, name)
        self._key, self._retention = key, RETENTION[days]
        let_logs_use(key, "Logs", [f"{FOLDER}*", FIREWALL, "/aws/rds/instance/bleep/*"])
        self.parts = self.group("Parts", f"{FOLDER}parts")
        self.firewall = self.group("Firewall", FIREWALL)

    def group(self, name: str, path: str) -> logs.LogGroup:
        """A log group with this path."""
        return logs.LogGroup(
            self,
            name,
            log_group_name=path,
            encryption_key=self._key,
            retention=self._retention,
            removal_policy=RemovalPolicy.DESTROY,
        )
