"""The log of SMS: SNS writes only to CloudWatch Logs whether they were delivered."""

from aws_cdk import (
    Aws,
    RemovalPolicy,
    aws_iam as iam,
    aws_kms as kms,
    aws_logs as logs,
    custom_resources as resources,
)
from constructs import Construct

from deploy.aws.log_key import let_logs_use

SAMPLED = "100"
"""Per cent of delivered SMS that are logged. Those that failed always are."""


class SmsLog(Construct):
    """Two log groups with SNS's own names, the role that SNS writes them with, and the setting that it does."""

    def __init__(self, scope: Construct, name: str, *, key: kms.Key) -> None:
        super().__init__(scope, name)
        let_logs_use(key, "LogsOfSms", ["sns/*"])
        path = f"sns/{Aws.REGION}/{Aws.ACCOUNT_ID}/DirectPublishToPhoneNumber"
        groups = [self._group("Delivered", path, key), self._group("Failed", f"{path}/Failure", key)]
        role = iam.Role(
            self,
            "Role",
            description="SNS writes what became of SMS",
            assumed_by=iam.ServicePrincipal(
                "sns.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
            ),
        )
        iam.ManagedPolicy(
            self,
            "Policy",
            roles=[role],
            statements=[
                iam.PolicyStatement(
                    sid="WriteWhatBecameOfSms",
                    actions=["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
                    resources=[group.log_group_arn for group in groups],
                )
            ],
        )
        self._switch_on(role)

    def _group(self, name: str, path: str, key: kms.Key) -> logs.LogGroup:
        # It has telephone numbers in it, so it is kept no longer than is useful.
        return logs.LogGroup(
            self,
            name,
            log_group_name=path,
            encryption_key=key,
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _switch_on(self, role: iam.Role) -> None:
        """CloudFormation has no resource for SNS's settings of SMS. They are the whole account's in this Region."""
        self.setting = resources.AwsCustomResource(
            self,
            "Setting",
            install_latest_aws_sdk=False,
            resource_type="Custom::SmsSettings",
            on_update=_set(
                DeliveryStatusIAMRole=role.role_arn,
                DeliveryStatusSuccessSamplingRate=SAMPLED,
                DefaultSMSType="Transactional",
            ),
            on_delete=_set(DeliveryStatusSuccessSamplingRate="0"),
            policy=resources.AwsCustomResourcePolicy.from_statements(
                [
                    iam.PolicyStatement(actions=["sns:SetSMSAttributes"], resources=["*"]),
                    iam.PolicyStatement(actions=["iam:PassRole"], resources=[role.role_arn]),
                ]
            ),
        )


def _set(**attributes: str) -> resources.AwsSdkCall:
    return resources.AwsSdkCall(
        service="SNS",
        action="setSMSAttributes",
        parameters={"attributes": attributes},
        physical_resource_id=resources.PhysicalResourceId.of("sms-settings"),
    )
