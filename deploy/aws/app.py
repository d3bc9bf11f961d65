"""The CDK app: `make aws-synth` runs it."""

import os

import aws_cdk as cdk
from aws_cdk import Validations
from cdk_nag import AwsSolutionsChecks, HIPAASecurityChecks

from deploy.aws.acknowledged import acknowledge
from deploy.aws.messaging import BleepMessaging
from deploy.aws.parameters import PARAMETERS, PLACEHOLDER, Parameters
from deploy.aws.platform.acknowledged import acknowledge_platform
from deploy.aws.platform.stack import BleepPlatform


def build(parameters: Parameters, *, account: str | None, outdir: str) -> cdk.App:
    """The app with its stacks, and the rules that check it. Without an account, the templates are for any account.

    Raises:
        ValueError: it is for an account, and has nobody's instance.
    """
    if account and parameters.connect_instance_id == PLACEHOLDER:
        raise ValueError("deploy/aws/parameters.py: set connect_instance_id to that of your instance.")
    app = cdk.App(outdir=outdir)
    environment = cdk.Environment(region=parameters.region, account=account)
    stack = BleepMessaging(app, "BleepMessaging", parameters, env=environment)
    cdk.Tags.of(app).add("application", "bleep")
    acknowledge(stack, parameters)
    if parameters.platform:
        wanted = parameters.platform
        platform = BleepPlatform(app, "BleepPlatform", parameters, wanted, stack, env=environment)
        acknowledge_platform(
            platform,
            access_logs=bool(wanted.access_log_days),
            for_anybody=wanted.opens_links_to_all,
            tracing=wanted.tracing,
        )
    Validations.of(app).add_plugins(AwsSolutionsChecks(app), HIPAASecurityChecks(app))
    return app


if __name__ == "__main__":
    # The CDK's command line sets both. Without it, the template is for any account.
    build(
        PARAMETERS,
        account=os.environ.get("CDK_DEFAULT_ACCOUNT"),
        outdir=os.environ.get("CDK_OUTDIR", "deploy/aws/cdk.out"),
    ).synth()
