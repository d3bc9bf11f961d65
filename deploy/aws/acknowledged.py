"""The findings of cdk-nag that remain, each with the reason."""

from collections.abc import Mapping

from aws_cdk import Stack, Token, aws_lambda as lambda_

from deploy.aws.acknowledging import ANY, acknowledge_on
from deploy.aws.parameters import Parameters

POLICY: Mapping[str, str] = {
    ANY: "Telephone numbers, subscriptions and the list of topics are no resources of IAM: see permissions.toml.",
    "AwsSolutions-IAM5[Resource::{instance}/contact/*]": "A call has its id only once it is placed.",
    "AwsSolutions-IAM5[Resource::{instance}/contact-flow/*]": "Bleep looks at whichever flow it is set to.",
    "AwsSolutions-IAM5[Resource::{instance}/queue/*]": "Bleep looks at whichever queue it is set to.",
    "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:sns:{region}:{account}:{prefix}-clinician-*]": (
        "Bleep makes a topic for each address, under this prefix alone."
    ),
    "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:iam::{account}:role/*]": (
        "`aws_check` looks at the role that this policy is attached to, and changes nothing."
    ),
    "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:iam::{account}:user/*]": (
        "`aws_check` looks at the user that this policy is attached to, and changes nothing."
    ),
}
SMS_SETTINGS: Mapping[str, str] = {
    ANY: "SNS's settings of SMS are the account's, and no resource.",
    "HIPAA.Security-IAMNoInlinePolicy": "CDK's AwsCustomResource makes it so, for a role of its own.",
}
CUSTOM_RESOURCE: Mapping[str, str] = {
    "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]": (
        "CDK's own function for AwsCustomResource: AWS's policy lets it write its log, and no more."
    ),
    "HIPAA.Security-LambdaConcurrency": "It runs once in a deployment, and never beside that.",
    "HIPAA.Security-LambdaDLQ": "CloudFormation waits for its answer, and rolls back without one.",
    "HIPAA.Security-LambdaInsideVPC": "It sees one setting of SNS, and nothing of a person or a patient.",
}


def acknowledge(stack: Stack, parameters: Parameters) -> None:
    """Acknowledge each finding at its resource."""
    words = {"account": _account(stack), "instance": _instance(stack, parameters)}
    words |= {"region": stack.region, "prefix": parameters.email_topic_prefix}
    policy = {rule.format(**words): why for rule, why in POLICY.items()}
    acknowledge_on(stack.node.find_child("Policy"), policy)
    settings = stack.node.find_child("SmsLog").node.find_child("Setting")
    acknowledge_on(settings, SMS_SETTINGS)
    [function] = [
        child
        for child in stack.node.children
        if isinstance(child, lambda_.SingletonFunction | lambda_.Function)
    ]
    acknowledge_on(function, CUSTOM_RESOURCE)


def _account(stack: Stack) -> str:
    """The name of the resource as cdk-nag writes it."""
    return "<AWS::AccountId>" if Token.is_unresolved(stack.account) else stack.account


def _instance(stack: Stack, parameters: Parameters) -> str:
    if parameters.create_connect_instance:
        return "<Instance.Arn>"
    place = f"arn:<AWS::Partition>:connect:{stack.region}:{_account(stack)}"
    return f"{place}:instance/{parameters.connect_instance_id}"
