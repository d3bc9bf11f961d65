"""Allows CloudWatch to use a key."""

from collections.abc import Sequence

from aws_cdk import Aws, aws_iam as iam, aws_kms as kms


def let_logs_use(key: kms.Key, sid: str, groups: Sequence[str]) -> None:
    """Let CloudWatch encrypt these log groups with the key; a name may end in `*`."""
    place = f"arn:{Aws.PARTITION}:logs:{Aws.REGION}:{Aws.ACCOUNT_ID}:log-group"
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid=sid,
            principals=[iam.ServicePrincipal(f"logs.{Aws.REGION}.amazonaws.com")],
            actions=[
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:ReEncrypt*",
                "kms:GenerateDataKey*",
                "kms:DescribeKey",
            ],
            resources=["*"],  # the policy of a key is about this key alone
            conditions={
                "ArnLike": {"kms:EncryptionContext:aws:logs:arn": [f"{place}:{group}" for group in groups]}
            },
        )
    )
