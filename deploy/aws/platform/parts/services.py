"""The services: how many of each task run, and how new ones replace old ones."""

from aws_cdk import Duration, aws_ec2 as ec2, aws_ecs as ecs, aws_servicediscovery as servicediscovery
from constructs import Construct

from deploy.aws.platform.network import PRIVATE, Network
from deploy.aws.platform.parts.migrations import Migrations
from deploy.aws.platform.parts.settings import NAMESPACE, WEB
from deploy.aws.platform.parts.tasks import Tasks

FEWEST = 2
BUSY_PER_CENT = 60
"""Above this average use of its processors a service gets another task."""


class Services(Construct):
    """Two of each, in two zones, so that one may go at any time; more if there is much to do."""

    def __init__(
        self, scope: Construct, name: str, *, network: Network, tasks: Tasks, after: Migrations
    ) -> None:
        super().__init__(scope, name)
        self._network, self._after = network, after
        self._cluster = after.cluster
        space = servicediscovery.PrivateDnsNamespace(
            self, "Namespace", name=NAMESPACE, vpc=network.vpc, description="Where relays find a door"
        )
        door = ecs.CloudMapOptions(
            name=WEB,
            cloud_map_namespace=space,
            dns_ttl=Duration.seconds(10),
            dns_record_type=servicediscovery.DnsRecordType.A,
        )
        self.web = self._service("Web", tasks.web, network.web, most=4, found_as=door)
        # Relays share their work by themselves, so more of them would do no more.
        self._service("Relay", tasks.relay, network.senders, most=2)
        self._service("WorkerUrgent", tasks.worker_urgent, network.senders, most=2)
        self._service("Worker", tasks.worker, network.senders, most=3)

    def _service(
        self,
        name: str,
        task: ecs.FargateTaskDefinition,
        group: ec2.SecurityGroup,
        *,
        most: int,
        found_as: ecs.CloudMapOptions | None = None,
    ) -> ecs.FargateService:
        scaled = most > FEWEST
        service = ecs.FargateService(
            self,
            name,
            cluster=self._cluster,
            task_definition=task,
            # If scaling changes the number, a deployment leaves it alone.
            desired_count=None if scaled else FEWEST,
            # New tasks start first, and old ones stop once the new ones are healthy.
            min_healthy_percent=100,
            max_healthy_percent=200,
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
            availability_zone_rebalancing=ecs.AvailabilityZoneRebalancing.ENABLED,
            platform_version=ecs.FargatePlatformVersion.VERSION1_4,
            security_groups=[group],
            vpc_subnets=PRIVATE,
            assign_public_ip=False,
            enable_execute_command=False,
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
            cloud_map_options=found_as,
            health_check_grace_period=Duration.seconds(60) if found_as else None,
        )
        service.node.add_dependency(self._after.done)
        if scaled:
            scaling = service.auto_scale_task_count(min_capacity=FEWEST, max_capacity=most)
            scaling.scale_on_cpu_utilization(
                "Busy",
                target_utilization_percent=BUSY_PER_CENT,
                scale_in_cooldown=Duration.minutes(10),
                scale_out_cooldown=Duration.minutes(1),
            )
        return service
