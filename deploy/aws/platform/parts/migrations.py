"""The migrations: one task that has to succeed before any service gets the new version."""

from pathlib import Path

from aws_cdk import (
    Aws,
    CustomResource,
    Duration,
    aws_ecs as ecs,
    aws_iam as iam,
    aws_lambda as lambda_,
    custom_resources as resources,
)
from constructs import Construct

from deploy.aws.platform.data import Data
from deploy.aws.platform.logs import FOLDER, Logs
from deploy.aws.platform.network import PRIVATE, Network
from deploy.aws.platform.parts.tasks import Tasks

CODE = Path(__file__).with_name("migrate")
LONGEST = Duration.minutes(55)
"""CloudFormation itself waits for an hour at most."""


class Migrations(Construct):
    """Runs if the definition of the task is new, as it is with each new image or setting.

    CloudFormation waits for it. If it fails, the deployment is rolled back, and the services were never touched.
    """

    def __init__(
        self, scope: Construct, name: str, *, network: Network, tasks: Tasks, data: Data, logs: Logs
    ) -> None:
        super().__init__(scope, name)
        self.cluster = ecs.Cluster(
            self,
            "Cluster",
            cluster_name="bleep",
            vpc=network.vpc,
            container_insights_v2=ecs.ContainerInsights.ENABLED,
        )
        self._log = logs.group("Migrations", f"{FOLDER}migrations")
        self._environment = {
            "CLUSTER": self.cluster.cluster_name,
            "SUBNETS": ",".join(network.vpc.select_subnets(subnet_type=PRIVATE.subnet_type).subnet_ids),
            "GROUP": network.senders.security_group_id,
            "LOG": logs.parts.log_group_name,
        }
        self.start = self._function("Start", "start")
        self.ended = self._function("Ended", "ended")
        self._let(tasks.migrate)
        self.provider = resources.Provider(
            self,
            "Provider",
            on_event_handler=self.start,
            is_complete_handler=self.ended,
            query_interval=Duration.seconds(10),
            total_timeout=LONGEST,
            log_group=self._log,
        )
        self.done = CustomResource(
            self,
            "Done",
            service_token=self.provider.service_token,
            resource_type="Custom::Migrations",
            properties={"TaskDefinition": tasks.migrate.task_definition_arn},
        )
        # The task needs its permissions, its network, and a database that lets it in.
        self.done.node.add_dependency(network, tasks, data)

    def _function(self, name: str, handler: str) -> lambda_.Function:
        return lambda_.Function(
            self,
            name,
            description=f"Migrations of Bleep: {handler}",
            runtime=lambda_.Runtime.PYTHON_3_14,
            code=lambda_.Code.from_asset(str(CODE), exclude=["__pycache__"]),
            handler=f"index.{handler}",
            timeout=Duration.minutes(1),
            environment=self._environment,
            log_group=self._log,
        )

    def _let(self, task: ecs.FargateTaskDefinition) -> None:
        # Each deployment has a new revision. If the policy named it, the new policy might not be active yet.
        revisions = f"arn:{Aws.PARTITION}:ecs:{Aws.REGION}:{Aws.ACCOUNT_ID}:task-definition/{task.family}:*"
        here = {"ArnEquals": {"ecs:cluster": self.cluster.cluster_arn}}
        self.start.add_to_role_policy(
            iam.PolicyStatement(
                sid="StartMigrations",
                actions=["ecs:RunTask"],
                resources=[revisions],
                conditions=here,
            )
        )
        roles = [task.task_role.role_arn, task.obtain_execution_role().role_arn]
        self.start.add_to_role_policy(
            iam.PolicyStatement(
                sid="AsTheirRoles",
                actions=["iam:PassRole"],
                resources=roles,
                conditions={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
            )
        )
        self.ended.add_to_role_policy(
            iam.PolicyStatement(
                sid="SeeWhetherTheyEnded",
                actions=["ecs:DescribeTasks"],
                resources=["*"],  # a task has its id only once it runs; the condition names the cluster
                conditions=here,
            )
        )
