"""The stack: network, data, settings, then the migrations, and only then the parts of Bleep."""

from aws_cdk import CfnOutput, RemovalPolicy, Stack, aws_kms as kms
from constructs import Construct

from deploy.aws.messaging import BleepMessaging
from deploy.aws.parameters import Parameters, PlatformParameters
from deploy.aws.platform.alarms import Alarms
from deploy.aws.platform.data import Data
from deploy.aws.platform.firewall import Firewall
from deploy.aws.platform.logs import Logs
from deploy.aws.platform.network import Network
from deploy.aws.platform.parts.migrations import Migrations
from deploy.aws.platform.parts.services import Services
from deploy.aws.platform.parts.settings import Settings
from deploy.aws.platform.parts.tasks import Tasks
from deploy.aws.platform.web import Web


class BleepPlatform(Stack):
    """All parts of Bleep, and everything that they need."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        parameters: Parameters,
        platform: PlatformParameters,
        messaging: BleepMessaging,
        **more: object,
    ) -> None:
        super().__init__(
            scope,
            name,
            description="Bleep itself: load balancer, services, database, queue",
            termination_protection=True,
            **more,  # type: ignore[arg-type]
        )
        self.add_stack_dependency(messaging)
        key = kms.Key(
            self,
            "Key",
            alias="bleep-platform",
            description="Database, queue, secrets and logs of Bleep",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.RETAIN,
        )
        logs = Logs(self, "Logs", key=key, days=platform.log_days)
        network = Network(self, "Network", logs=logs)
        data = Data(self, "Data", network=network, key=key, logs=logs, platform=platform)
        settings = Settings(
            self,
            "Settings",
            data=data,
            key=key,
            parameters=parameters,
            platform=platform,
            messaging=messaging,
        )
        tasks = Tasks(
            self,
            "Tasks",
            settings=settings,
            logs=logs,
            policy=messaging.policy_name,
            tracing=platform.tracing,
        )
        migrations = Migrations(self, "Migrations", network=network, tasks=tasks, data=data, logs=logs)
        services = Services(self, "Services", network=network, tasks=tasks, after=migrations)
        web = Web(self, "Web", network=network, service=services.web, platform=platform)
        Firewall(self, "Firewall", balancer=web.balancer, logs=logs, platform=platform)
        Alarms(self, "Alarms", logs=logs, web=web, data=data, topic_name=messaging.topic_name)
        CfnOutput(self, "Address", value=f"https://{platform.domain}", description="Where Bleep answers")
        CfnOutput(
            self,
            "LoadBalancer",
            value=web.balancer.load_balancer_dns_name,
            description="What the name has to point to (CNAME), unless its zone was given",
        )
        CfnOutput(
            self,
            "FirstLogin",
            value=tasks.first_login.family,
            description="Task that makes the first login",
        )
        CfnOutput(
            self,
            "FirstLoginSecret",
            value=settings.first_password.secret_name,
            description="Secret with its password",
        )
