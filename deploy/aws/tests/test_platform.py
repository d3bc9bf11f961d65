"""The stack BleepPlatform: encrypted, kept, reached by TLS and by nobody else, and told of when it fails."""

import json
import re
from pathlib import Path
from typing import Any

from deploy.aws.messaging import OPERATORS
from deploy.aws.platform.alarms import FROM_LOG
from deploy.aws.platform.data import SESSIONS
from deploy.aws.tests.conftest import Deployment
from deploy.aws.tests.test_messaging import actions, lint, statements


def test_the_template_is_clean_to_cfn_lint(platform: Deployment) -> None:
    lint(platform)


class TestPermissions:
    def test_no_statement_allows_every_action_of_a_service(self, platform: Deployment) -> None:
        everything = statements(platform, "AWS::IAM::Policy")
        everything += statements(platform) if platform.platform.tracing else []
        found = {action for one in everything for action in actions(one) if "*" in action}
        # Kinds of reading or of encrypting, of one key: no service offers them one by one.
        assert found <= {"kms:GenerateDataKey*", "kms:ReEncrypt*"}

    def test_parts_may_do_what_bleep_does_and_nothing_else(self, platform: Deployment) -> None:
        roles = platform.resources("AWS::IAM::Role")
        [name] = [
            name
            for name, role in roles.items()
            if "Permissions" in str(role["Properties"].get("Description"))
        ]
        [policy] = [json.dumps(one) for one in roles[name]["Properties"]["ManagedPolicyArns"]]
        assert f"policy/bleep-messaging-{platform.parameters.region}" in policy
        assert name not in json.dumps(platform.of_type("AWS::IAM::Policy"))
        more = [one for one in platform.of_type("AWS::IAM::ManagedPolicy") if {"Ref": name} in one["Roles"]]
        allowed = [
            action for one in more for each in one["PolicyDocument"]["Statement"] for action in actions(each)
        ]
        traces = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        assert allowed == (traces if platform.platform.tracing else [])

    def test_migrations_are_started_by_name_and_in_one_cluster(self, platform: Deployment) -> None:
        [run] = [one for one in statements(platform, "AWS::IAM::Policy") if "ecs:RunTask" in actions(one)]
        assert json.dumps(run["Resource"]).endswith(':task-definition/bleep-migrate:*"]]}')
        assert "ecs:cluster" in json.dumps(run["Condition"])


class TestData:
    def test_the_database_can_be_restored_and_is_not_deleted(self, platform: Deployment) -> None:
        [database] = platform.resources("AWS::RDS::DBInstance").values()
        assert (database["DeletionPolicy"], database["UpdateReplacePolicy"]) == ("Snapshot", "Snapshot")
        found = database["Properties"]
        assert found["DeletionProtection"] is True
        assert found["BackupRetentionPeriod"] == platform.platform.backup_days == 35
        assert found["DeleteAutomatedBackups"] is False
        assert (found["MultiAZ"], found["StorageEncrypted"], found["PubliclyAccessible"]) == (
            True,
            True,
            False,
        )
        assert found["CACertificateIdentifier"] == "rds-ca-rsa2048-g1"
        assert found["EngineVersion"] == "18"

    def test_its_log_has_no_rows_and_it_takes_tls_alone(self, platform: Deployment) -> None:
        [found] = platform.of_type("AWS::RDS::DBParameterGroup")
        assert found["Parameters"] == {
            "log_error_verbosity": "terse",
            "log_min_error_statement": "panic",
            "max_connections": str(SESSIONS),
            "rds.force_ssl": "1",
        }

    def test_nobody_reads_statements_with_their_values_in_a_console(self, platform: Deployment) -> None:
        """Django writes values into its statements, and Performance Insights keeps these for a week."""
        [database] = platform.of_type("AWS::RDS::DBInstance")
        assert database["EnablePerformanceInsights"] is False
        assert "DatabaseInsightsMode" not in database

    def test_the_queue_is_encrypted_asks_for_a_password_and_drops_nothing(self, platform: Deployment) -> None:
        [queue] = platform.of_type("AWS::ElastiCache::ReplicationGroup")
        for wanted in (
            "TransitEncryptionEnabled",
            "AtRestEncryptionEnabled",
            "AutomaticFailoverEnabled",
            "MultiAZEnabled",
        ):
            assert queue[wanted] is True
        assert queue["TransitEncryptionMode"] == "required"
        assert "{{resolve:secretsmanager:" in json.dumps(queue["AuthToken"])
        [settings] = platform.of_type("AWS::ElastiCache::ParameterGroup")
        assert settings["Properties"] == {"maxmemory-policy": "noeviction"}

    def test_no_password_stands_in_the_template(self, platform: Deployment) -> None:
        for secret in platform.of_type("AWS::SecretsManager::Secret"):
            made = secret.get("GenerateSecretString")
            assert (
                made["ExcludePunctuation"]
                if made
                else "{{resolve:secretsmanager:" in json.dumps(secret["SecretString"])
            )
            assert "KmsKeyId" in secret

    def test_all_that_is_kept_is_encrypted_with_its_key_which_stays(self, platform: Deployment) -> None:
        [key] = platform.resources("AWS::KMS::Key").values()
        assert (key["DeletionPolicy"], key["Properties"]["EnableKeyRotation"]) == ("Retain", True)
        for kind, name in (
            ("AWS::Logs::LogGroup", "KmsKeyId"),
            ("AWS::RDS::DBInstance", "KmsKeyId"),
            ("AWS::ElastiCache::ReplicationGroup", "KmsKeyId"),
        ):
            assert platform.of_type(kind)
            for found in platform.of_type(kind):
                assert found[name]["Fn::GetAtt"][0].startswith("Key"), (kind, name)

    def test_logs_are_kept_for_as_long_as_is_wanted_and_the_key_is_for_them(
        self, platform: Deployment
    ) -> None:
        groups = platform.of_type("AWS::Logs::LogGroup")
        assert {group["RetentionInDays"] for group in groups} == {platform.platform.log_days}
        [key] = platform.of_type("AWS::KMS::Key")
        [logs] = [one for one in key["KeyPolicy"]["Statement"] if one.get("Sid") == "Logs"]
        places = [
            json.dumps(one) for one in logs["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"]
        ]
        starts = [place.split(":log-group:")[1].rstrip('"]}').rstrip("*") for place in places]
        for group in groups:
            assert any(group["LogGroupName"].startswith(start) for start in starts), group["LogGroupName"]


class TestWeb:
    def test_there_is_tls_and_nothing_else(self, platform: Deployment) -> None:
        [listener] = platform.of_type("AWS::ElasticLoadBalancingV2::Listener")
        assert (listener["Port"], listener["Protocol"]) == (443, "HTTPS")
        assert listener["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
        assert len(listener["Certificates"]) == 1
        made = not platform.platform.certificate_arn
        assert len(platform.of_type("AWS::CertificateManager::Certificate")) == int(made)
        assert len(platform.of_type("AWS::Route53::RecordSet")) == int(made)

    def test_the_hospital_may_come_in_and_nobody_else(self, platform: Deployment) -> None:
        rules = [
            rule
            for group in platform.of_type("AWS::EC2::SecurityGroup")
            for rule in group.get("SecurityGroupIngress", [])
        ]
        anybody = ["0.0.0.0/0"] if platform.platform.opens_links_to_all else []  # as far as the firewall
        assert [rule["CidrIp"] for rule in rules] == [*platform.platform.allowed_networks, *anybody]
        assert {rule["FromPort"] for rule in rules} == {443}
        for rule in platform.of_type("AWS::EC2::SecurityGroupIngress"):
            assert "SourceSecurityGroupId" in rule
        for service in platform.of_type("AWS::ECS::Service"):
            assert service["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] == "DISABLED"

    def test_ec2_takes_the_descriptions_of_groups_and_rules(self, platform: Deployment) -> None:
        """No other signs, and no apostrophe: the deployment would stop there."""
        allowed = re.compile(r"[a-zA-Z0-9. _:/()#,@\[\]+=&;{}!$*-]{1,255}")
        said = [
            text
            for kind in ("", "Ingress", "Egress")
            for found in platform.of_type(f"AWS::EC2::SecurityGroup{kind}")
            for text in re.findall(r'"(?:Group)?Description": "([^"]*)"', json.dumps(found))
        ]
        assert "PostgreSQL" in said
        assert not [text for text in said if not allowed.fullmatch(text)]

    def test_metrics_are_not_published(self, platform: Deployment) -> None:
        [rule] = platform.of_type("AWS::ElasticLoadBalancingV2::ListenerRule")
        assert rule["Conditions"][0]["PathPatternConfig"]["Values"] == ["/metrics", "/metrics/*"]
        assert rule["Actions"][0]["FixedResponseConfig"]["StatusCode"] == "404"

    def test_it_asks_the_door_itself_and_keeps_it_while_relays_are_away(self, platform: Deployment) -> None:
        [group] = platform.of_type("AWS::ElasticLoadBalancingV2::TargetGroup")
        assert (group["HealthCheckPath"], group["Matcher"]["HttpCode"]) == ("/healthz", "200")

    def test_it_gives_up_after_the_longest_wait_and_before_the_door_closes_a_connection(
        self, platform: Deployment
    ) -> None:
        [balancer] = platform.of_type("AWS::ElasticLoadBalancingV2::LoadBalancer")
        attributes = {one["Key"]: one["Value"] for one in balancer["LoadBalancerAttributes"]}
        idle = int(attributes["idle_timeout.timeout_seconds"])
        [kept] = set(
            re.findall(r'"GRANIAN_HTTP1_HEADER_READ_TIMEOUT", "Value": "(\d+)"', json.dumps(platform.json))
        )
        assert 30 < idle < int(kept) / 1000 <= 60
        assert attributes["deletion_protection.enabled"] == "true"
        assert attributes["routing.http.drop_invalid_header_fields.enabled"] == "true"
        logged = bool(platform.platform.access_log_days)
        assert (attributes.get("access_logs.s3.enabled") == "true") is logged

    def test_access_logs_are_private_and_go(self, platform: Deployment) -> None:
        for bucket in platform.of_type("AWS::S3::Bucket"):
            assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
            [rule] = bucket["LifecycleConfiguration"]["Rules"]
            assert rule["ExpirationInDays"] == platform.platform.access_log_days


class TestAlarms:
    def test_each_tells_the_operators_also_when_it_is_over(self, platform: Deployment) -> None:
        alarms = platform.of_type("AWS::CloudWatch::Alarm")
        for alarm in alarms:
            if "TargetTracking" not in alarm.get("AlarmDescription", ""):
                assert f":{OPERATORS}" in json.dumps(alarm["AlarmActions"])
                assert alarm["OKActions"] == alarm["AlarmActions"]

    def test_silence_is_an_alarm(self, platform: Deployment) -> None:
        [alarm] = [
            one for one in platform.of_type("AWS::CloudWatch::Alarm") if one.get("MetricName") == "Heartbeat"
        ]
        assert (alarm["TreatMissingData"], alarm["ComparisonOperator"]) == ("breaching", "LessThanThreshold")
        assert alarm["Period"] * alarm["EvaluationPeriods"] == 180

    def test_events_in_the_log_are_counted(self, platform: Deployment) -> None:
        filters: dict[str, Any] = {
            one["MetricTransformations"][0]["MetricName"]: one["FilterPattern"]
            for one in platform.of_type("AWS::Logs::MetricFilter")
        }
        assert filters.keys() == {each.name for each in FROM_LOG} | {"Heartbeat"}
        alarms = {one.get("MetricName") for one in platform.of_type("AWS::CloudWatch::Alarm")}
        assert filters.keys() <= alarms
        assert filters["AlertsFailed"] == '{ $.event = "alert.failed" }'
        documented = Path("docs/monitoring.md").read_text(encoding="utf-8")
        for event in re.findall(r'\$\.event = "([^"]+)"', " ".join(filters.values())):
            assert f"| `{event}` |" in documented
