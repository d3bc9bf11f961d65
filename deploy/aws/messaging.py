"""The stack `BleepMessaging`: everything that a Bleep needs of AWS, even if it runs elsewhere."""

import json
from pathlib import Path

from aws_cdk import Aws, CfnOutput, Fn, Stack, Token, aws_connect as connect, aws_iam as iam, aws_kms as kms
from constructs import Construct

from deploy.aws.alarms import Alarms
from deploy.aws.answers import Answers
from deploy.aws.env_file import output_name
from deploy.aws.parameters import Parameters
from deploy.aws.permissions import PERMISSIONS, Permission
from deploy.aws.sms_log import SmsLog

FLOW = Path(__file__).with_name("contact-flow.json")
FLOW_NAME = "Bleep alert"
VOICE_BLOCK = "set-the-voice"
OPERATORS = "bleep-operators"
"""Topic that alarms go to."""


class BleepMessaging(Stack):
    """Calls, SMS and e-mails: the contact flow, the number, the queues for answers, and Bleep's permissions."""

    def __init__(self, scope: Construct, name: str, parameters: Parameters, **more: object) -> None:
        super().__init__(
            scope,
            name,
            description="What Bleep needs of AWS to reach people",
            **more,  # type: ignore[arg-type]
        )
        self.parameters = parameters
        self.key = key = kms.Key(
            self,
            "Key",
            alias="bleep-messaging",
            description="Queues, topics and logs of Bleep",
            enable_key_rotation=True,
        )
        self.instance_id, self.instance_arn = self._instance()
        flow = connect.CfnContactFlow(
            self,
            "ContactFlow",
            instance_arn=self.instance_arn,
            name=FLOW_NAME,
            type="CONTACT_FLOW",
            state="ACTIVE",
            description="Speaks an alert. If an answer is wanted, asks for one and keeps it.",
            content=flow_with(parameters.voice),
        )
        self._answers = answers = Answers(self, "Answers", key=key, instance_arn=self.instance_arn)
        SmsLog(self, "SmsLog", key=key)
        Alarms(
            self,
            "Alarms",
            key=key,
            instance_id=self.instance_id,
            flow_name=FLOW_NAME,
            dead_letters=answers.dead_letters,
            topic_name=OPERATORS,
            email=parameters.operators_email,
        )
        self.topic_name = OPERATORS
        self.policy_name = f"bleep-messaging-{self.region}"
        self._policy()
        self._settings(flow)

    def shared_settings(self) -> dict[str, str]:
        """The settings, for another stack of the app. Values that CloudFormation makes are imported by name."""
        return {
            variable: output.import_value if Token.is_unresolved(output.value) else output.value
            for variable, output in self._outputs.items()
        }

    def _instance(self) -> tuple[str, str]:
        """The instance's id and ARN."""
        if self.parameters.create_connect_instance:
            made = connect.CfnInstance(
                self,
                "Instance",
                identity_management_type="CONNECT_MANAGED",
                instance_alias=self.parameters.connect_instance_alias,
                attributes=connect.CfnInstance.AttributesProperty(
                    inbound_calls=False, outbound_calls=True, contactflow_logs=True
                ),
            )
            return made.attr_id, made.attr_arn
        known = self.parameters.connect_instance_id
        return known, f"arn:{Aws.PARTITION}:connect:{self.region}:{self.account}:instance/{known}"

    def _source_number(self) -> str:
        if self.parameters.source_phone_number:
            return self.parameters.source_phone_number
        claimed = connect.CfnPhoneNumber(
            self,
            "SourceNumber",
            target_arn=self.instance_arn,
            country_code=self.parameters.country_code,
            type="DID",
            description="Number that Bleep calls from",
        )
        return claimed.attr_address

    def _policy(self) -> None:
        """Bleep's permissions, to be attached to its role or user."""
        iam.ManagedPolicy(
            self,
            "Policy",
            managed_policy_name=self.policy_name,
            description="What Bleep does with AWS, one statement for each thing. See docs/aws.md for why.",
            statements=[self._statement(permission) for permission in PERMISSIONS],
        )

    def _statement(self, permission: Permission) -> iam.PolicyStatement:
        names = {
            "partition": Aws.PARTITION,
            "region": self.region,
            "account": self.account,
            "instance": self.instance_arn,
            "prefix": self.parameters.email_topic_prefix,
            "key": self.key.key_arn,
            "replies": self._answers.replies.queue_arn,
            "calls": self._answers.calls.queue_arn,
        }
        resources = [pattern.format(**names) for pattern in permission.resources]
        # KMS has a name of its own for a service that uses a key on somebody's behalf.
        via = "kms:ViaService" if permission.actions[0].startswith("kms:") else "aws:CalledViaLast"
        return iam.PolicyStatement(
            sid=permission.sid,
            actions=list(permission.actions),
            resources=None if permission.all_but else resources,
            not_resources=resources if permission.all_but else None,
            conditions={"StringEquals": {via: permission.via.format(**names)}} if permission.via else None,
        )

    def _settings(self, flow: connect.CfnContactFlow) -> None:
        """Outputs: one for each setting that Bleep reads. `deploy/aws/env_file.py` turns them into settings."""
        settings = {
            "AWS_DEFAULT_REGION": self.region,
            "CONNECT_INSTANCE_ID": self.instance_id,
            # arn:…:instance/<instance>/contact-flow/<flow>
            "CONNECT_CONTACT_FLOW_ID": Fn.select(3, Fn.split("/", flow.attr_contact_flow_arn)),
            "CONNECT_SOURCE_PHONE_NUMBER": self._source_number(),
            "CONNECT_EVENT_QUEUE_URL": self._answers.calls.queue_url,
            "CONNECT_CALLS_PER_SECOND": str(self.parameters.calls_per_second),
            "DEFAULT_COUNTRY": self.parameters.country_code,
            "EMAIL_TOPIC_PREFIX": self.parameters.email_topic_prefix,
            "EMAIL_TOPIC_KMS_KEY": self.key.key_arn,
            "SMS_PER_SECOND": str(self.parameters.sms_per_second),
        }
        if self.parameters.sms_sender_id:
            settings["SMS_SENDER_ID"] = self.parameters.sms_sender_id
        if self.parameters.sms_origination_number:
            settings["SMS_ORIGINATION_NUMBER"] = self.parameters.sms_origination_number
            settings["SMS_REPLY_QUEUE_URL"] = self._answers.replies.queue_url
        self._outputs = {
            variable: CfnOutput(
                self,
                output_name(variable),
                value=value,
                description=variable,
                export_name=f"{self.stack_name}{output_name(variable)}"
                if Token.is_unresolved(value)
                else None,
            )
            for variable, value in settings.items()
        }


def flow_with(voice: str) -> str:
    """The contact flow with this voice."""
    flow = json.loads(FLOW.read_text(encoding="utf-8"))
    [block] = [action for action in flow["Actions"] if action["Identifier"] == VOICE_BLOCK]
    block["Parameters"]["TextToSpeechVoice"] = voice
    return json.dumps(flow)
