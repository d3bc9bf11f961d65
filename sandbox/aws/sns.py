"""Amazon SNS: moto's answers, rules that moto lacks, and a record of delivered messages."""

import re
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from threading import RLock
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from moto.sns.models import Subscription
from werkzeug.wrappers import Request, Response

from sandbox.aws import subscriptions
from sandbox.aws.answers import E164, AwsError, Call, error, sns_result
from sandbox.aws.faults import SUBSCRIPTION_KINDS, Faults
from sandbox.aws.messages import Messages, ReceivedMessage

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_SUBJECT = re.compile(r"[!-~][ -~]{0,98}")
"""The rule: "ASCII text that begins with a letter, number, or punctuation mark; must not include line breaks or control
characters; and must be less than 100 characters long", Publish in the API reference."""
_MESSAGE_BYTES = 262_144
_SMS_BYTES = 1600
"""In bytes, as in older editions of the API reference. Today's says characters, which is less strict."""
_NO_CHARACTERS = frozenset("\ufffe\uffff")
"""SNS refuses characters that XML 1.0 does not allow. Control characters are not allowed either, but do not get this
far."""
_DEFAULT_SENDER = "AWS Notifications"
_STOP = re.compile(r"\s*stop\b", re.IGNORECASE)
_START = re.compile(r"\s*(start|unstop)\s*", re.IGNORECASE)

Form = Mapping[str, str]
Attributes = dict[str, dict[str, str]]


class Sns:
    """Passes requests on to moto, one at a time: moto is not thread-safe."""

    def __init__(self, moto: "WSGIApplication", messages: Messages, faults: Faults) -> None:
        self._moto = moto
        self._messages = messages
        self._faults = faults
        self._opted_out: set[str] = set()
        self.lock = RLock()

    @property
    def opted_out(self) -> list[str]:
        """The numbers that replied STOP. moto adds all that end in 99."""
        with self.lock:
            return sorted(self._opted_out)

    def hear(self, number: str, text: str) -> None:
        """The effect of a reply before anybody reads it: a text that begins with STOP opts its number out of all SMS.
        START opts it in again; at AWS a number does so only if that is configured.

        START opts it in again, which at AWS a number does only if it is told to.
        https://docs.aws.amazon.com/sms-voice/latest/userguide/opt-out-list.html
        """
        with self.lock:
            if _STOP.match(text):
                self._opted_out.add(number)
            elif _START.fullmatch(text):
                self._opted_out.discard(number)

    def opt_all_in(self) -> None:
        """Forget who opted out."""
        with self.lock:
            self._opted_out.clear()

    def call(self, request: Request) -> Call:
        """Parse a request. The form's Action names the operation."""
        form = request.form.to_dict()
        action = form.get("Action", "")

        def carry_out() -> Response:
            try:
                with self.lock:
                    return self._carry_out(action, form, request)
            except AwsError as refusal:
                return error("sns", refusal.code, refusal.message)

        return Call("sns", f"sns:{action}", lambda: _recipients(form), carry_out)

    def _carry_out(self, action: str, form: Form, request: Request) -> Response:
        match action:
            case "Publish":
                return self._publish(form, request)
            case "Subscribe":
                return self._subscribe(form, request)
            case "ConfirmSubscription":
                return _confirm(form)
            case "Unsubscribe":
                _refuse_pending(form)
        return self._unknown_to_moto(action, form, request) or _hide_pending(
            self._pass_on(request), "PendingConfirmation"
        )

    def _unknown_to_moto(self, action: str, form: Form, request: Request) -> Response | None:
        match action:
            case "GetSMSSandboxAccountStatus":
                return sns_result(action, {"IsInSandbox": "false"})
            case "CheckIfPhoneNumberIsOptedOut" if form.get("phoneNumber") in self._opted_out:
                return sns_result(action, {"isOptedOut": "true"})
            case "ListPhoneNumbersOptedOut":
                response = self._pass_on(request)
                ours = "".join(f"<member>{number}</member>" for number in sorted(self._opted_out))
                known = response.get_data()
                response.set_data(known.replace(b"<phoneNumbers>", f"<phoneNumbers>{ours}".encode(), 1))
                return response
        return None

    def _publish(self, form: Form, request: Request) -> Response:
        _check(form)
        attributes = attributes_of(form)
        if _is_plain_sms(form, attributes):
            message_id = str(uuid.uuid4())
            self._record(form, message_id, attributes)
            return sns_result("Publish", {"MessageId": message_id})
        response = self._pass_on(request)
        if response.status_code == HTTPStatus.OK:
            self._record(form, _message_id(response), attributes)
            subscriptions.forget_published(_topic(form))
        return response

    def _record(self, form: Form, message_id: str, attributes: Attributes) -> None:
        if number := form.get("PhoneNumber"):
            if number not in self._opted_out:  # SNS takes it all the same
                self._messages.add(_sms(number, form["Message"], message_id, attributes))
            return
        for subscription in subscriptions.of_topic(_topic(form)):
            if subscription.protocol == "email" and not subscriptions.is_pending(subscription):
                self._messages.add(_email(subscription, form["Message"], message_id, form.get("Subject")))

    def _subscribe(self, form: Form, request: Request) -> Response:
        topic, endpoint = form.get("TopicArn", ""), form.get("Endpoint", "")
        known = {subscription.arn for subscription in subscriptions.of_topic(topic)}
        response = self._pass_on(request)
        new = [found for found in subscriptions.of_topic(topic) if found.arn not in known]
        if new and form.get("Protocol") == "email" and self._stays_pending(topic, endpoint):
            subscriptions.hold(new[0])
        if form.get("ReturnSubscriptionArn") == "true":
            return response
        return _hide_pending(response, "pending confirmation")

    def _stays_pending(self, topic: str, endpoint: str) -> bool:
        fault = self._faults.meet("sns:Subscribe", lambda: (topic, endpoint), SUBSCRIPTION_KINDS)
        return fault is not None

    def _pass_on(self, request: Request) -> Response:
        return Response.from_app(self._moto, request.environ, buffered=True)


def _hide_pending(response: Response, word: str) -> Response:
    response.set_data(subscriptions.hide_pending(response.get_data(), word))
    return response


def _recipients(form: Form) -> set[str]:
    named = {form[name] for name in ("PhoneNumber", "Endpoint") if name in form}
    if topic := _topic(form):
        named |= {topic, *(subscription.endpoint for subscription in subscriptions.of_topic(topic))}
    return named


def _confirm(form: Form) -> Response:
    for subscription in subscriptions.of_topic(form.get("TopicArn", "")):
        if subscriptions.token(subscription) == form.get("Token"):
            subscriptions.confirm(
                subscription.arn, authenticated=form.get("AuthenticateOnUnsubscribe") == "true"
            )
            return sns_result("ConfirmSubscription", {"SubscriptionArn": subscription.arn})
    raise AwsError("InvalidParameter", "Invalid parameter: Token Reason: no subscription has this token")


def _refuse_pending(form: Form) -> None:
    """SNS cannot unsubscribe somebody who has not confirmed; moto can."""
    subscription = subscriptions.find(form.get("SubscriptionArn", ""))
    if subscription is not None and subscriptions.is_pending(subscription):
        raise AwsError("InvalidParameter", "Invalid parameter: SubscriptionArn Reason: pending confirmation")


def _check(form: Form) -> None:
    """Check SNS's rules for Publish that moto lacks or applies more loosely."""
    number, subject, message = form.get("PhoneNumber"), form.get("Subject"), form.get("Message", "")
    if number is None and not _topic(form):
        raise AwsError("InvalidParameter", "Invalid parameter: TopicArn or TargetArn Reason: no value")
    if number is not None and not E164.fullmatch(number):
        raise AwsError("InvalidParameter", f"Invalid parameter: PhoneNumber Reason: {number} is not E.164")
    if subject is not None and not _SUBJECT.fullmatch(subject):
        raise AwsError("InvalidParameter", "Invalid parameter: Subject")
    if not message:
        raise AwsError("InvalidParameter", "Invalid parameter: Empty message")
    if _NO_CHARACTERS & set(message):
        raise AwsError("InvalidParameter", "Invalid parameter: Message Reason: invalid characters")
    if len(message.encode()) > (_MESSAGE_BYTES if number is None else _SMS_BYTES):
        raise AwsError("InvalidParameter", "Invalid parameter: Message too long")


def _is_plain_sms(form: Form, attributes: Attributes) -> bool:
    """Whether moto checks nothing more than `_check`. moto takes longer for a message than Bleep does."""
    is_text = all(each["Type"] == "String" and each["Value"] for each in attributes.values())
    return is_text and "PhoneNumber" in form and not _topic(form)


def _topic(form: Form) -> str:
    return form.get("TopicArn") or form.get("TargetArn") or ""


def attributes_of(form: Form) -> Attributes:
    """Message attributes: name to Type and Value."""
    read: Attributes = {}
    for name in (key for key in form if key.startswith("MessageAttributes.entry.") and key.endswith(".Name")):
        value = f"{name.removesuffix('Name')}Value."
        read[form[name]] = {
            "Type": form.get(f"{value}DataType", "String"),
            "Value": form.get(f"{value}StringValue", ""),
        }
    return read


def _sms(number: str, text: str, message_id: str, attributes: Attributes) -> ReceivedMessage:
    plain = {name: attribute["Value"] for name, attribute in attributes.items()}
    sender = plain.get("AWS.SNS.SMS.SenderID")
    return ReceivedMessage(
        channel="sms", to=number, text=text, provider_id=message_id, sender=sender, sms_attributes=plain
    )


def _email(subscription: Subscription, text: str, message_id: str, subject: str | None) -> ReceivedMessage:
    return ReceivedMessage(
        channel="email",
        to=subscription.endpoint,
        text=text,
        provider_id=message_id,
        # SNS's default subject.
        subject=subject or "AWS Notification Message",
        sender=subscription.topic.display_name or _DEFAULT_SENDER,
        topic_arn=subscription.topic.arn,
    )


def _message_id(response: Response) -> str:
    """The one in moto's answer."""
    root = ET.fromstring(response.get_data())  # noqa: S314 - moto wrote it
    return root.findtext(".//{*}MessageId", "")
