"""The containers: the same as docker-compose.yml has, for ECS."""

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import Duration, Size, aws_ecr_assets as assets, aws_ecs as ecs, aws_iam as iam
from constructs import Construct

from deploy.aws.platform.logs import Logs
from deploy.aws.platform.network import DOOR
from deploy.aws.platform.parts.settings import ADMIN, API, DOOR_SETTINGS, PROBES, Settings

ROOT = Path(__file__).resolve().parents[4]
LINUX = ecs.RuntimePlatform(
    cpu_architecture=ecs.CpuArchitecture.X86_64, operating_system_family=ecs.OperatingSystemFamily.LINUX
)
SERVES = Duration.seconds(30)
SENDS = Duration.seconds(75)
"""A delivery that is being sent ends within its lease: see docker-compose.yml."""
COLLECTOR = "public.ecr.aws/aws-observability/aws-otel-collector:v0.48.0"
COLLECTOR_SETTINGS = """\
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:4318"}}}}
processors: {batch: {timeout: 1s}}
exporters: {awsxray: {}}
service: {pipelines: {traces: {receivers: [otlp], processors: [batch], exporters: [awsxray]}}}
"""
TRACING: Mapping[str, str] = {
    "TRACES": "otlp",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318",
    "OTEL_PROPAGATORS": "tracecontext,baggage,xray",
}
"""The collector listens in the same task."""


class Tasks(Construct):
    """A definition for each kind of task.

    The door and the web services are one task. They talk over loopback, so that no text of an alert crosses the network
    unencrypted, and nobody reaches the services without the door.
    """

    def __init__(
        self, scope: Construct, name: str, *, settings: Settings, logs: Logs, policy: str, tracing: bool
    ) -> None:
        super().__init__(scope, name)
        self._settings, self._logs, self._tracing = settings, logs, tracing
        self._image = ecs.ContainerImage.from_asset(str(ROOT), platform=assets.Platform.LINUX_AMD64)
        self._execution = iam.Role(
            self,
            "Start",
            description="ECS fetches the image and the secrets, and writes the logs",
            assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
        )
        self._role = self._task_role(policy)
        self._nothing = iam.Role(
            self,
            "Nothing",
            description="Migrations and the first login ask nothing of AWS",
            assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
        )
        self.web = self._web()
        self.relay = self._one("relay", cpu=256, memory=1024, limit=384)
        self.worker = self._one("worker", cpu=512, memory=1024, limit=512)
        self.worker_urgent = self._one("worker-urgent", cpu=512, memory=1024, limit=512)
        self.migrate = self._once("migrate", command=["migrate"])
        self.first_login = self._first_login()

    def _task_role(self, policy: str) -> iam.Role:
        role = iam.Role(
            self,
            "Role",
            description="What Bleep may do: docs/aws.md, Permissions",
            assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_managed_policy_name(self, "Messaging", policy)],
        )
        if self._tracing:
            traces = iam.PolicyStatement(
                sid="SendTraces",
                actions=["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
                resources=["*"],  # X-Ray has no resource to name here
            )
            iam.ManagedPolicy(self, "Traces", roles=[role], statements=[traces])
        return role

    def _web(self) -> ecs.FargateTaskDefinition:
        task = self._task("web", cpu=1024, memory=2048, role=self._role)
        behind = {
            "web-api": (API, 512, 512),
            "web-admin": (ADMIN, 128, 512),
            "web-probes": (PROBES, 128, 256),
        }
        services = [
            self._part(
                task,
                part,
                shares=shares,
                limit=limit,
                stop=SERVES,
                more={"GRANIAN_PORT": str(port), "FRONT_DOOR_URL": f"http://127.0.0.1:{DOOR}"},
                # Alerts are accepted even while the staff's site or the probes restart.
                essential=part == "web-api",
            )
            for part, (port, shares, limit) in behind.items()
        ]
        door = self._container(
            task,
            "door",
            command=["door"],
            shares=256,
            limit=256,
            stop=SERVES,
            check="door",
            environment=DOOR_SETTINGS,
        )
        door.add_port_mappings(ecs.PortMapping(container_port=DOOR))
        # The door starts last and stops first.
        door.add_container_dependencies(
            ecs.ContainerDependency(container=services[0], condition=ecs.ContainerDependencyCondition.HEALTHY)
        )
        task.default_container = door
        return task

    def _one(self, part: str, *, cpu: int, memory: int, limit: int) -> ecs.FargateTaskDefinition:
        task = self._task(part, cpu=cpu, memory=memory, role=self._role)
        self._part(task, part, limit=limit, stop=SENDS)
        return task

    def _part(
        self,
        task: ecs.FargateTaskDefinition,
        part: str,
        *,
        limit: int,
        stop: Duration,
        shares: int | None = None,
        more: Mapping[str, str] | None = None,
        essential: bool = True,
    ) -> ecs.ContainerDefinition:
        """A container with all settings, and the secrets of its part."""
        traced = TRACING if self._tracing else {}
        return self._container(
            task,
            part,
            command=[part],
            shares=shares,
            limit=limit,
            stop=stop,
            check=part,
            environment={**self._settings.values, **traced, **(more or {})},
            secrets=self._settings.secrets_of(part),
            essential=essential,
        )

    def _once(self, family: str, *, command: list[str]) -> ecs.FargateTaskDefinition:
        task = self._task(family, cpu=256, memory=512, role=self._nothing)
        self._container(
            task,
            family,
            command=command,
            limit=512,
            environment=self._settings.values,
            secrets=self._settings.secrets_of(family),
        )
        return task

    def _first_login(self) -> ecs.FargateTaskDefinition:
        """Django's own command, which takes the password from the environment. A second run changes nothing."""
        task = self._task("first-login", cpu=256, memory=512, role=self._nothing)
        self._container(
            task,
            "first-login",
            entry_point=["python", "manage.py"],
            command=["createsuperuser", "--no-input"],
            limit=512,
            environment={
                **self._settings.values,
                "DJANGO_SUPERUSER_USERNAME": "admin",
                "DJANGO_SUPERUSER_EMAIL": "admin@localhost",
            },
            secrets={
                **self._settings.secrets_of("first-login"),
                "DJANGO_SUPERUSER_PASSWORD": ecs.Secret.from_secrets_manager(self._settings.first_password),
            },
        )
        return task

    def _task(self, name: str, *, cpu: int, memory: int, role: iam.Role) -> ecs.FargateTaskDefinition:
        task = ecs.FargateTaskDefinition(
            self,
            name,
            family=f"bleep-{name}",
            cpu=cpu,
            memory_limit_mib=memory,
            runtime_platform=LINUX,
            execution_role=self._execution,
            task_role=role,
        )
        if self._tracing and role is self._role:
            self._collector(task)
        return task

    def _container(
        self,
        task: ecs.FargateTaskDefinition,
        name: str,
        *,
        command: list[str],
        limit: int,
        environment: Mapping[str, str],
        secrets: Mapping[str, ecs.Secret] | None = None,
        shares: int | None = None,
        stop: Duration | None = None,
        check: str = "",
        essential: bool = True,
        entry_point: list[str] | None = None,
    ) -> ecs.ContainerDefinition:
        linux = ecs.LinuxParameters(self, f"{name}-linux", init_process_enabled=True)
        linux.drop_capabilities(ecs.Capability.ALL)
        linux.add_tmpfs(
            ecs.Tmpfs(container_path="/tmp", size=128, mount_options=[ecs.TmpfsMountOption.NOSUID])  # noqa: S108
        )
        return task.add_container(
            name,
            image=self._image,
            command=command,
            entry_point=entry_point,
            environment=dict(environment),
            secrets=dict(secrets or {}),
            cpu=shares,
            memory_limit_mib=limit,
            essential=essential,
            # A container that is not essential is started again by itself; for the others ECS replaces the task.
            enable_restart_policy=not essential,
            stop_timeout=stop,
            health_check=_health(check) if check else None,
            readonly_root_filesystem=True,
            linux_parameters=linux,
            logging=self._logging(name),
        )

    def _logging(self, name: str) -> ecs.LogDriver:
        return ecs.LogDrivers.aws_logs(
            stream_prefix=name,
            log_group=self._logs.parts,
            # Alerts are accepted even while CloudWatch takes no lines.
            mode=ecs.AwsLogDriverMode.NON_BLOCKING,
            max_buffer_size=Size.mebibytes(25),
        )

    def _collector(self, task: ecs.FargateTaskDefinition) -> None:
        task.add_container(
            "collector",
            image=ecs.ContainerImage.from_registry(COLLECTOR),
            environment={"AOT_CONFIG_CONTENT": COLLECTOR_SETTINGS},
            memory_limit_mib=256,
            essential=False,
            enable_restart_policy=True,
            readonly_root_filesystem=True,
            logging=self._logging("collector"),
        )


def _health(part: str) -> ecs.HealthCheck:
    """The health check, as in docker-compose.yml. ECS does not read the image's own."""
    return ecs.HealthCheck(
        command=["CMD", "python", "deploy/healthcheck.py", part],
        interval=Duration.seconds(15 if part in {"relay", "worker", "worker-urgent"} else 10),
        timeout=Duration.seconds(5),
        start_period=Duration.seconds(30),
        retries=3,
    )
