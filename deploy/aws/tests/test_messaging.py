"""The stack BleepMessaging: least permissions, encryption, retention, and outputs that are Bleep's settings."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from aws_cdk.assertions import Match

from deploy.aws.env_file import variable_name
from deploy.aws.permissions import PERMISSIONS
from deploy.aws.tests.conftest import Deployment

KEY = {"Fn::GetAtt": [Match.string_like_regexp("^Key"), "Arn"]}


def statements(deployment: Deployment, kind: str = "AWS::IAM::ManagedPolicy") -> list[dict[str, Any]]:
    return [one for policy in deployment.of_type(kind) for one in policy["PolicyDocument"]["Statement"]]


def actions(statement: dict[str, Any]) -> list[str]:
    found = statement["Action"]
    return [found] if isinstance(found, str) else list(found)


def bleep_reads() -> set[str]:
    """The names in VARIABLES of config/env.py, read without importing it: its libraries are not here."""
    for node in ast.parse(Path("config/env.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "VARIABLES":
            assert isinstance(node.value, ast.Dict)
            return {str(ast.literal_eval(key)) for key in node.value.keys if key is not None}
    raise AssertionError("config/env.py has no VARIABLES")


def lint(deployment: Deployment) -> None:
    """Fails with what cfn-lint finds."""
    # W3005: CDK's own custom resource says twice what it depends on.
    command = [
        str(Path(sys.executable).with_name("cfn-lint")),
        "--ignore-checks",
        "W3005",
        "--",
        str(deployment.file),
    ]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


def test_the_template_is_clean_to_cfn_lint(deployment: Deployment) -> None:
    lint(deployment)


class TestPermissions:
    def test_no_statement_allows_every_action_of_a_service(self, deployment: Deployment) -> None:
        everything = statements(deployment) + statements(deployment, "AWS::IAM::Policy")
        assert everything
        assert not [one for one in everything for action in actions(one) if "*" in action]

    def test_bleep_may_do_what_it_does_and_nothing_else(self, deployment: Deployment) -> None:
        policy = [one for one in statements(deployment) if one["Sid"] in {each.sid for each in PERMISSIONS}]
        assert {one["Sid"]: actions(one) for one in policy} == {
            each.sid: list(each.actions) for each in PERMISSIONS
        }

    def test_calls_are_placed_from_the_one_instance(self, deployment: Deployment) -> None:
        [calls] = [one for one in statements(deployment) if one["Sid"] == "PlaceCalls"]
        words = json.dumps(calls["Resource"])
        assert "*" not in words.replace("/contact/*", "")
        assert deployment.parameters.connect_instance_id in words

    def test_messages_go_to_telephones_and_to_topics_of_clinicians_alone(
        self, deployment: Deployment
    ) -> None:
        sids = {one["Sid"]: one for one in statements(deployment) if "sns:Publish" in actions(one)}
        assert sids.keys() == {"SendSms", "SendEmails"}
        assert "Resource" not in sids["SendSms"]
        assert ":sns:*:*:*" in json.dumps(sids["SendSms"]["NotResource"])
        assert f":{deployment.parameters.email_topic_prefix}-clinician-*" in json.dumps(
            sids["SendEmails"]["Resource"]
        )

    def test_sms_are_sent_through_sns_alone(self, deployment: Deployment) -> None:
        [through] = [one for one in statements(deployment) if "sms-voice:SendTextMessage" in actions(one)]
        assert through["Condition"] == {"StringEquals": {"aws:CalledViaLast": "sns.amazonaws.com"}}

    def test_the_policy_is_as_short_as_iam_wants_it(self, deployment: Deployment) -> None:
        for policy in deployment.of_type("AWS::IAM::ManagedPolicy"):
            assert len(json.dumps(policy["PolicyDocument"], separators=(",", ":"))) < 6144


class TestEncryption:
    def test_the_key_is_rotated_and_stays_when_the_stack_goes(self, deployment: Deployment) -> None:
        deployment.template.resource_count_is("AWS::KMS::Key", 1)
        deployment.template.has_resource(
            "AWS::KMS::Key", {"DeletionPolicy": "Retain", "Properties": {"EnableKeyRotation": True}}
        )

    def test_nothing_but_the_key_stays_when_the_stack_goes(self, deployment: Deployment) -> None:
        policies = {
            resource["Type"]: resource.get("DeletionPolicy", "Delete")
            for resource in deployment.json["Resources"].values()
        }
        assert len(policies) > 10
        assert [kind for kind, policy in policies.items() if policy != "Delete"] == ["AWS::KMS::Key"]

    def test_all_that_is_kept_is_encrypted_with_it(self, deployment: Deployment) -> None:
        for kind, name, count in (
            ("AWS::SQS::Queue", "KmsMasterKeyId", 4),
            ("AWS::SNS::Topic", "KmsMasterKeyId", 2),
            ("AWS::Logs::LogGroup", "KmsKeyId", 2),
        ):
            deployment.template.resource_properties_count_is(kind, {name: KEY}, count)
            deployment.template.resource_count_is(kind, count)

    def test_each_service_that_writes_may_use_the_key(self, deployment: Deployment) -> None:
        [key] = deployment.of_type("AWS::KMS::Key")
        services = json.dumps([one["Principal"] for one in key["KeyPolicy"]["Statement"]])
        for service in ("events.amazonaws.com", "sms-voice.amazonaws.com", "sns.amazonaws.com"):
            assert service in services
        assert "cloudwatch.amazonaws.com" in services
        assert "logs." in services


class TestContactFlow:
    def test_it_is_the_file_with_the_voice_that_is_wanted(self, deployment: Deployment) -> None:
        [flow] = deployment.of_type("AWS::Connect::ContactFlow")
        content = json.loads(flow["Content"])
        first = content["Actions"][0]["Parameters"]
        assert first.pop("TextToSpeechVoice") == deployment.parameters.voice
        written = json.loads(Path("deploy/aws/contact-flow.json").read_text(encoding="utf-8"))
        del written["Actions"][0]["Parameters"]["TextToSpeechVoice"]
        assert content == written
        assert flow["State"] == "ACTIVE"

    def test_an_instance_is_made_only_where_it_is_wanted(self, deployment: Deployment) -> None:
        wanted = deployment.parameters.create_connect_instance
        deployment.template.resource_count_is("AWS::Connect::Instance", int(wanted))
        for instance in deployment.of_type("AWS::Connect::Instance"):
            assert instance["Attributes"]["OutboundCalls"]
            assert not instance["Attributes"]["InboundCalls"]

    def test_a_number_is_claimed_only_where_none_is_given(self, deployment: Deployment) -> None:
        wanted = not deployment.parameters.source_phone_number
        deployment.template.resource_count_is("AWS::Connect::PhoneNumber", int(wanted))


class TestAnswers:
    def test_events_of_calls_go_to_a_queue(self, deployment: Deployment) -> None:
        [rule] = deployment.of_type("AWS::Events::Rule")
        assert rule["EventPattern"]["source"] == ["aws.connect"]
        assert rule["EventPattern"]["detail-type"] == ["Amazon Connect Contact Event"]
        assert rule["EventPattern"]["detail"].keys() == {"instanceArn", "eventType"}
        bleep = Path("alerts/sending/call_events.py").read_text(encoding="utf-8")
        reads = re.findall(r'"([A-Z_]+)"', bleep.partition("TELLING = ")[2].partition("\n")[0])
        assert set(rule["EventPattern"]["detail"]["eventType"]) == set(reads) != set()

    def test_replies_come_as_they_were_written(self, deployment: Deployment) -> None:
        [queue] = [one for one in deployment.of_type("AWS::SNS::Subscription") if one["Protocol"] == "sqs"]
        assert queue["RawMessageDelivery"] is True
        deployment.template.has_resource_properties(
            "AWS::SNS::TopicPolicy",
            {
                "PolicyDocument": {
                    "Statement": Match.array_with(
                        [
                            Match.object_like(
                                {
                                    "Action": "sns:Publish",
                                    "Principal": {"Service": "sms-voice.amazonaws.com"},
                                    "Condition": {"StringEquals": {"aws:SourceAccount": Match.any_value()}},
                                }
                            )
                        ]
                    )
                }
            },
        )

    def test_unread_messages_are_kept_for_two_weeks_and_raise_an_alarm(self, deployment: Deployment) -> None:
        queues = deployment.of_type("AWS::SQS::Queue")
        assert {queue["MessageRetentionPeriod"] for queue in queues} == {14 * 24 * 3600}
        assert len([queue for queue in queues if "RedrivePolicy" in queue]) == 2
        alarms = deployment.of_type("AWS::CloudWatch::Alarm")
        assert len([one for one in alarms if one["Namespace"] == "AWS/SQS"]) == 2
        assert all(one["AlarmActions"] for one in alarms)

    def test_operators_get_alarms_by_email_where_there_is_an_address(self, deployment: Deployment) -> None:
        emails = [one for one in deployment.of_type("AWS::SNS::Subscription") if one["Protocol"] == "email"]
        wanted = deployment.parameters.operators_email
        assert [one["Endpoint"] for one in emails] == ([wanted] if wanted else [])

    def test_alarms_of_the_flow_are_of_this_flow(self, deployment: Deployment) -> None:
        [flow] = deployment.of_type("AWS::Connect::ContactFlow")
        alarms = [
            one for one in deployment.of_type("AWS::CloudWatch::Alarm") if "ContactFlow" in one["MetricName"]
        ]
        assert len(alarms) == 2
        for alarm in alarms:
            assert {"Name": "ContactFlowName", "Value": flow["Name"]} in alarm["Dimensions"]


class TestSmsLog:
    def test_outcomes_of_sms_are_logged_for_a_month_under_the_names_of_sns(
        self, deployment: Deployment
    ) -> None:
        groups = deployment.of_type("AWS::Logs::LogGroup")
        assert {group["RetentionInDays"] for group in groups} == {30}
        ends = sorted(json.dumps(group["LogGroupName"])[-40:] for group in groups)
        assert any("DirectPublishToPhoneNumber/Failure" in end for end in ends)
        assert any(end.endswith('DirectPublishToPhoneNumber"]]}') for end in ends)

    def test_it_is_switched_on_and_the_default_is_transactional(self, deployment: Deployment) -> None:
        [setting] = deployment.of_type("Custom::SmsSettings")
        asked = json.dumps(setting["Update"])
        assert "setSMSAttributes" in asked
        for wanted in ("DeliveryStatusIAMRole", "DeliveryStatusSuccessSamplingRate", "Transactional"):
            assert wanted in asked


class TestOutputs:
    def test_each_is_a_setting_that_bleep_reads(self, deployment: Deployment) -> None:
        names = {variable_name(output) for output in deployment.json["Outputs"]}
        assert names <= bleep_reads() | {"AWS_DEFAULT_REGION"}  # boto3 reads that one
        assert {"CONNECT_INSTANCE_ID", "CONNECT_CONTACT_FLOW_ID", "CONNECT_SOURCE_PHONE_NUMBER"} <= names
        assert ("SMS_SENDER_ID" in names) is bool(deployment.parameters.sms_sender_id)

    def test_each_has_its_value(self, deployment: Deployment) -> None:
        outputs = deployment.json["Outputs"]
        assert outputs["AwsDefaultRegion"]["Value"] == deployment.parameters.region
        assert outputs["EmailTopicPrefix"]["Value"] == deployment.parameters.email_topic_prefix
        number = outputs["ConnectSourcePhoneNumber"]["Value"]
        assert number == deployment.parameters.source_phone_number or "Address" in json.dumps(number)
        assert "Fn::Select" in outputs["ConnectContactFlowId"]["Value"]
