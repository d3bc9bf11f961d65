"""The findings of cdk-nag about `BleepPlatform` that remain, each with the reason, at its resource."""

from collections.abc import Mapping

from aws_cdk import Stack

from deploy.aws.acknowledging import ANY, acknowledge_at

Reasons = Mapping[str, str]

INLINE = "HIPAA.Security-IAMNoInlinePolicy"
OWN_ROLE = "The policy is this role's alone, and goes with it."
AWSS_POLICY = "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/{}]"
BASIC = AWSS_POLICY.format("AWSLambdaBasicExecutionRole")
MONITORING = AWSS_POLICY.format("AmazonRDSEnhancedMonitoringRole")
MIGRATE = "arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:task-definition/bleep-migrate:*"
SECRET: Reasons = dict.fromkeys(
    ("AwsSolutions-SMG4", "HIPAA.Security-SecretsManagerRotationEnabled"),
    "Its new value has to reach every part in the same minute, which a deployment does: docs/aws.md says how.",
)
TASK: Reasons = {
    "AwsSolutions-ECS2": "What is secret comes from Secrets Manager; these are host names, numbers and ids."
}
FUNCTION: Reasons = {
    BASIC: "AWS's policy lets a function write its log, and no more.",
    INLINE: OWN_ROLE,
    "HIPAA.Security-LambdaConcurrency": "It runs in a deployment alone, of which there is one at a time.",
    "HIPAA.Security-LambdaDLQ": "CloudFormation waits for its answer, and rolls back without one.",
    "HIPAA.Security-LambdaInsideVPC": "It asks ECS about one task, and sees nothing of a person or a patient.",
}
ROUTE: Reasons = {
    "HIPAA.Security-VPCNoUnrestrictedRouteToIGW": (
        "The load balancer and the NAT gateways stand there, and nothing else; security groups name who may come."
    )
}
REASONS: Mapping[str, Reasons] = {
    "Network/Vpc/FlowLog": {INLINE: OWN_ROLE},
    "Network/Vpc/PublicSubnet1": ROUTE,
    "Network/Vpc/PublicSubnet2": ROUTE,
    "Data/Valkey": {
        "AwsSolutions-AEC5": "A security group says who reaches the port; another number hides nothing."
    },
    "Data/Monitoring": {MONITORING: "AWS's policy lets RDS write the figures of its machines, and no more."},
    "Data/Postgres": {
        "AwsSolutions-RDS11": "A security group says who reaches the port; another number hides nothing.",
        "HIPAA.Security-RDSInBackupPlan": (
            "RDS itself keeps backups, and restores to any second of the days that backup_days names."
        ),
    },
    "Data/DatabasePassword": SECRET,
    "Data/AppPassword": SECRET,
    "Data/QueuePassword": SECRET,
    "Settings/SecretKey": SECRET,
    "Settings/MetricsToken": SECRET,
    "Settings/DatabaseUrl": SECRET,
    "Settings/OwnerUrl": SECRET,
    "Settings/RedisUrl": SECRET,
    "Settings/FirstPassword": SECRET,
    "Tasks/Start": {
        ANY: "ecr:GetAuthorizationToken is about no resource; the image and the secrets are named one by one.",
        INLINE: OWN_ROLE,
    },
    **{
        f"Tasks/{name}": TASK
        for name in ("web", "relay", "worker", "worker-urgent", "migrate", "first-login")
    },
    "Migrations/Start": {
        **FUNCTION,
        f"AwsSolutions-IAM5[Resource::{MIGRATE}]": (
            "Each deployment has a revision of its own of this one task, and the condition names the cluster."
        ),
    },
    "Migrations/Ended": {
        **FUNCTION,
        ANY: "A task has its id only once it runs; the condition names the cluster.",
    },
    "Migrations/Provider": {
        **FUNCTION,
        **{
            f"AwsSolutions-IAM5[Resource::<{function}.Arn>:*]": (
                "CDK's own framework: each version of this one function, and no other function."
            )
            for function in (
                "MigrationsStart5E2046AC",
                "MigrationsEnded02220E53",
                "MigrationsProviderframeworkisComplete2F81BAE0",
                "MigrationsProviderframeworkonTimeout4B1563F2",
            )
        },
        "AwsSolutions-SF1": "CDK's own framework: it logs errors, and waits for one task.",
        "AwsSolutions-SF2": "CDK's own framework: there is nothing to trace in waiting for one task.",
    },
}
ACCESS_LOGS: Reasons = {
    "AwsSolutions-S1": "It is the log; a log of who reads it is CloudTrail's to keep.",
    "HIPAA.Security-S3BucketLoggingEnabled": "It is the log; a log of who reads it is CloudTrail's to keep.",
    "HIPAA.Security-S3BucketReplicationEnabled": "A second copy of paths and query strings is one too many.",
    "HIPAA.Security-S3BucketVersioningEnabled": "A log is written once, and has to be gone after its days.",
    "HIPAA.Security-S3DefaultEncryptionKMS": "Load balancers write to buckets with S3's own key only.",
}
NO_ACCESS_LOGS: Reasons = dict.fromkeys(
    ("AwsSolutions-ELB2", "HIPAA.Security-ELBLoggingEnabled"),
    "access_log_days is 0: paths and query strings are kept nowhere. Bleep logs each request without them.",
)


FOR_ANYBODY: Reasons = {
    "AwsSolutions-EC23": (
        "answer_links is `anywhere`: people open links on their own telephones; the firewall lets the world that far."
    )
}
TRACES: Reasons = {ANY: "X-Ray has no resource to name."}


def acknowledge_platform(stack: Stack, *, access_logs: bool, for_anybody: bool, tracing: bool) -> None:
    """Acknowledge each finding at its resource."""
    for path, reasons in REASONS.items():
        acknowledge_at(stack, path, reasons)
    if access_logs:
        acknowledge_at(stack, "Web/AccessLogs", ACCESS_LOGS)
    else:
        acknowledge_at(stack, "Web/Balancer", NO_ACCESS_LOGS)
    if for_anybody:
        acknowledge_at(stack, "Network/Balancer", FOR_ANYBODY)
    if tracing:
        acknowledge_at(stack, "Tasks/Traces", TRACES)
