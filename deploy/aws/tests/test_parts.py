"""The parts of Bleep on ECS: the settings that they read, how they stop, and how new ones replace old ones."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from deploy.aws.platform.data import SESSIONS
from deploy.aws.platform.parts.settings import API_THREADS, DOOR_SETTINGS, SECRETS
from deploy.aws.tests.conftest import Deployment
from deploy.aws.tests.test_messaging import bleep_reads

SESSIONS_OF = {"Web": 30, "Relay": 12, "WorkerUrgent": 10, "Worker": 18}
"""Sessions with PostgreSQL that a task may open: its threads (deploy/entrypoint), and a few that keep watch."""
OTHERS = {"collector"}
ELSEWHERE = {
    "AWS_DEFAULT_REGION",
    "DJANGO_SUPERUSER_USERNAME",
    "DJANGO_SUPERUSER_EMAIL",
    "DJANGO_SUPERUSER_PASSWORD",
}
"""What boto3 reads, and what Django's own command reads."""


@pytest.fixture
def containers(platform: Deployment) -> dict[str, Any]:
    """All containers of Bleep, by name."""
    return {
        one["Name"]: one
        for task in platform.of_type("AWS::ECS::TaskDefinition")
        for one in task["ContainerDefinitions"]
        if one["Name"] not in OTHERS
    }


def plain(container: dict[str, Any]) -> dict[str, Any]:
    return {one["Name"]: one["Value"] for one in container.get("Environment", [])}


def secret(container: dict[str, Any]) -> set[str]:
    return {one["Name"] for one in container.get("Secrets", [])}


def read_by_the_door_and_the_entry_point() -> set[str]:
    door = re.findall(r'os\.environ\.get\("(\w+)"', Path("door/settings.py").read_text(encoding="utf-8"))
    return {*door, *re.findall(r"\bGRANIAN_\w+", Path("deploy/entrypoint").read_text(encoding="utf-8"))}


def test_every_part_of_the_composition_is_there(containers: dict[str, Any]) -> None:
    entry_point = Path("deploy/entrypoint").read_text(encoding="utf-8")
    parts = set(re.findall(r"^    ([a-z-]+)\)", entry_point, re.MULTILINE))
    assert parts
    assert containers.keys() == parts | {"first-login"}
    for part in parts:
        assert containers[part]["Command"] == [part]


def test_each_setting_is_one_that_bleep_reads(containers: dict[str, Any]) -> None:
    known = bleep_reads() | read_by_the_door_and_the_entry_point() | ELSEWHERE
    for container in containers.values():
        names = {name for name in {*plain(container), *secret(container)} if not name.startswith("OTEL_")}
        assert names <= known, names - known


def test_each_setting_that_bleep_needs_is_there(platform: Deployment, containers: dict[str, Any]) -> None:
    secrets = {"SECRET_KEY", "DATABASE_URL", "REDIS_URL", "METRICS_TOKEN", "DEADMAN_URL"}
    for name, container in containers.items():
        if name == "door":
            assert not secret(container)
            continue
        needed = SECRETS[name] - (set() if platform.platform.deadman_secret else {"DEADMAN_URL"})
        assert secret(container) - {"DJANGO_SUPERUSER_PASSWORD"} == needed
        wanted = {
            "ALLOWED_HOSTS",
            "CSRF_TRUSTED_ORIGINS",
            "TRUST_PROXY",
            "FRONT_DOOR_URL",
            "AWS_DEFAULT_REGION",
        }
        wanted |= {"CONNECT_INSTANCE_ID", "CONNECT_CONTACT_FLOW_ID", "CONNECT_SOURCE_PHONE_NUMBER"}
        assert wanted <= plain(container).keys()
        assert not secrets & plain(container).keys(), "a secret is in the clear"


def test_the_services_are_reached_through_the_door_alone(
    platform: Deployment, containers: dict[str, Any]
) -> None:
    door = plain(containers["door"])
    for part in ("web-api", "web-admin", "web-probes"):
        mine = plain(containers[part])
        assert door[f"{part.upper().replace('-', '_')}_URL"] == f"http://127.0.0.1:{mine['GRANIAN_PORT']}"
        assert "GRANIAN_HOST" not in mine, "loopback, as deploy/entrypoint has it"
        assert "PortMappings" not in containers[part]
    assert door.items() >= DOOR_SETTINGS.items()
    [service] = [one for one in platform.of_type("AWS::ECS::Service") if "LoadBalancers" in one]
    assert service["LoadBalancers"][0]["ContainerName"] == "door"
    found = re.search(
        r"web-api\).* service (\d+) (\d+)", Path("deploy/entrypoint").read_text(encoding="utf-8")
    )
    assert found
    assert int(found[1]) * int(found[2]) == API_THREADS


def test_health_checks_reach_a_door(platform: Deployment, containers: dict[str, Any]) -> None:
    """Parts beside a door ask that one. Relays ask any, by a name, and their security group lets them."""
    for part in ("web-api", "web-admin", "web-probes"):
        assert plain(containers[part])["FRONT_DOOR_URL"] == "http://127.0.0.1:8000"
    [space] = platform.of_type("AWS::ServiceDiscovery::PrivateDnsNamespace")
    [found] = platform.of_type("AWS::ServiceDiscovery::Service")
    name = f"{found['Name']}.{space['Name']}"
    assert plain(containers["relay"])["FRONT_DOOR_URL"] == f"http://{name}:8000"
    came = [one for one in platform.of_type("AWS::EC2::SecurityGroupIngress") if one["FromPort"] == 8000]
    senders = platform.of_type("AWS::ECS::Service")[1]["NetworkConfiguration"]["AwsvpcConfiguration"]
    assert senders["SecurityGroups"][0] in [one["SourceSecurityGroupId"] for one in came]


def test_intake_goes_on_while_the_staffs_site_starts_again(containers: dict[str, Any]) -> None:
    for part in ("web-admin", "web-probes"):
        assert (containers[part]["Essential"], containers[part]["RestartPolicy"]["Enabled"]) == (False, True)
    for part in ("door", "web-api", "relay", "worker", "worker-urgent"):
        assert containers[part]["Essential"] is True


def test_each_part_has_the_time_to_stop_that_compose_gives_it(containers: dict[str, Any]) -> None:
    for part in ("door", "web-api", "web-admin", "web-probes"):
        assert containers[part]["StopTimeout"] == 30
    compose = Path("docker-compose.yml").read_text(encoding="utf-8")
    seconds = re.search(r"&time-to-send (\d+)s", compose)
    assert seconds
    for part in ("relay", "worker", "worker-urgent"):
        assert containers[part]["StopTimeout"] == int(seconds[1])


def test_each_part_is_asked_whether_it_works(containers: dict[str, Any]) -> None:
    for part in containers.keys() - {"migrate", "first-login"}:
        assert containers[part]["HealthCheck"]["Command"] == ["CMD", "python", "deploy/healthcheck.py", part]


def test_a_container_can_do_little(containers: dict[str, Any]) -> None:
    for container in containers.values():
        linux = container["LinuxParameters"]
        assert container["ReadonlyRootFilesystem"] is True
        assert linux["InitProcessEnabled"] is True
        assert linux["Capabilities"] == {"Drop": ["ALL"]}
        assert [one["ContainerPath"] for one in linux["Tmpfs"]] == ["/tmp"]  # noqa: S108
        assert "Privileged" not in container


def test_logs_never_hold_a_part_up(containers: dict[str, Any]) -> None:
    for container in containers.values():
        assert container["LogConfiguration"]["Options"]["mode"] == "non-blocking"


def test_memory_is_enough_for_all_containers_of_a_task(platform: Deployment) -> None:
    for task in platform.of_type("AWS::ECS::TaskDefinition"):
        assert sum(one["Memory"] for one in task["ContainerDefinitions"]) <= int(task["Memory"])


def test_traces_are_sent_only_where_that_is_wanted(platform: Deployment, containers: dict[str, Any]) -> None:
    collectors = [
        one
        for task in platform.of_type("AWS::ECS::TaskDefinition")
        for one in task["ContainerDefinitions"]
        if one["Name"] == "collector"
    ]
    assert len(collectors) == (4 if platform.platform.tracing else 0)
    assert not [one for one in collectors if one["Essential"]]
    traced = {name for name, one in containers.items() if "OTEL_EXPORTER_OTLP_ENDPOINT" in plain(one)}
    sends = {"web-api", "web-admin", "web-probes", "relay", "worker", "worker-urgent"}
    assert traced == (sends if platform.platform.tracing else set())


class TestServices:
    def test_new_tasks_come_before_old_ones_go_and_bad_ones_are_taken_back(
        self, platform: Deployment
    ) -> None:
        services = platform.of_type("AWS::ECS::Service")
        assert len(services) == 4
        for service in services:
            deployment = service["DeploymentConfiguration"]
            assert (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]) == (100, 200)
            assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
            assert service["AvailabilityZoneRebalancing"] == "ENABLED"
            assert len(service["NetworkConfiguration"]["AwsvpcConfiguration"]["Subnets"]) == 2
            assert service["EnableExecuteCommand"] is False

    def test_there_are_two_of_each_at_least(self, platform: Deployment) -> None:
        scaled = platform.of_type("AWS::ApplicationAutoScaling::ScalableTarget")
        assert [one["MinCapacity"] for one in scaled] == [2, 2]
        fixed = [one for one in platform.of_type("AWS::ECS::Service") if "DesiredCount" in one]
        assert [one["DesiredCount"] for one in fixed] == [2, 2], "a deployment leaves those alone that scale"

    def test_the_database_takes_all_of_them_while_new_ones_replace_them(self, platform: Deployment) -> None:
        most = dict.fromkeys(SESSIONS_OF, 2)
        for scaled in platform.of_type("AWS::ApplicationAutoScaling::ScalableTarget"):
            [name] = re.findall(r"Services(Web|Worker)[0-9A-Z]", json.dumps(scaled["ResourceId"]))
            most[name] = scaled["MaxCapacity"]
        assert most["Web"] > 2
        assert sum(2 * most[name] * each for name, each in SESSIONS_OF.items()) < SESSIONS - 20

    def test_each_waits_for_the_migrations_of_the_new_version(self, platform: Deployment) -> None:
        [(done, migrations)] = platform.resources("Custom::Migrations").items()
        for service in platform.resources("AWS::ECS::Service").values():
            assert done in service["DependsOn"]
        named = migrations["Properties"]["TaskDefinition"]["Ref"]
        [definition] = [
            name
            for name, one in platform.resources("AWS::ECS::TaskDefinition").items()
            if one["Properties"]["Family"] == "bleep-migrate"
        ]
        assert named == definition

    def test_the_migrations_wait_for_the_database_and_for_the_way_there(self, platform: Deployment) -> None:
        [migrations] = platform.resources("Custom::Migrations").values()
        resources = platform.json["Resources"]
        kinds = {resources[name]["Type"] for name in migrations["DependsOn"]}
        assert kinds >= {
            "AWS::RDS::DBInstance",
            "AWS::EC2::Route",
            "AWS::EC2::SecurityGroupIngress",
            "AWS::IAM::Policy",
        }
