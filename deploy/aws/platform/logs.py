"""Logs: encrypted, and kept for as long as the parameters say."""

from aws_cdk import Aws, RemovalPolicy, aws_iam as iam, aws_kms as kms, aws_logs as logs
from constructs import Construct

RETENTION = {
    30: logs.RetentionDays.ONE_MONTH,
    90: logs.RetentionDays.THREE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
}
"""As `LOG_DAYS` of the parameters has them."""
FOLDER = "/bleep/"
FIREWALL = "aws-waf-logs-bleep"
"""WAF writes to groups with this start only."""


class Logs(Construct):
    """The log groups. Bleep's own is one for all parts, with a stream for each container."""

    def __init__(self, scope: Construct, name: str, *, key: kms.Key, days: int) -> None:
        super().__init__(scope, name)
        self._key, self._retention = key, RETENTION[days]
        self._let_logs_use(key)
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

    @staticmethod
    def _let_logs_use(key: kms.Key) -> None:
        place = f"arn:{Aws.PARTITION}:logs:{Aws.REGION}:{Aws.ACCOUNT_ID}:log-group"
        mine = [f"{place}:{FOLDER}*", f"{place}:{FIREWALL}", f"{place}:/aws/rds/instance/bleep/*"]
        key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="Logs",
                principals=[iam.ServicePrincipal(f"logs.{Aws.REGION}.amazonaws.com")],
                actions=[
                    "kms:Encrypt",
                    "kms:Decrypt",
                    "kms:ReEncrypt*",
                    "kms:GenerateDataKey*",
                    "kms:DescribeKey",
                ],
                resources=["*"],  # a key's policy is about this key alone
                conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": mine}},
            )
        )
