"""Amazon Connect's outbound calls, which moto lacks, validated by botocore's model of the service."""

from collections.abc import Callable
from datetime import timedelta

from botocore.model import OperationModel
from werkzeug.wrappers import Request, Response

from sandbox.aws.answers import AwsError, Call, connect_result, error, model
from sandbox.aws.connect import instance
from sandbox.aws.connect.contacts import Contact, Contacts
from sandbox.aws.connect.parameters import (
    OperationPath,
    Params,
    check,
    check_attributes,
    check_call,
    json_object,
)
from sandbox.aws.connect.telephones import Telephones
from sandbox.aws.faults import CONNECT_OPERATIONS, OUTCOME_KINDS, Faults
from sandbox.aws.messages import Messages, ReceivedMessage

_RING_SECONDS = 60
"""The default of RingTimeoutInSeconds in the API reference."""


class Connect:
    """Places calls. One with `Answer=wanted` among its attributes rings until a person does something (`telephones`).

    Any other is picked up and over at once, unless a fault says otherwise.
    """

    def __init__(
        self,
        messages: Messages,
        faults: Faults,
        contacts: Contacts,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`tell` puts an event of a call into the queue that Bleep reads."""
        self.telephones = Telephones(contacts, messages, tell)
        self._messages = messages
        self._faults = faults
        self._contacts = contacts
        self._routes = [
            OperationPath(model("connect").operation_model(name))
            for name in (*CONNECT_OPERATIONS, *instance.ANSWERS)
        ]

    def call(self, request: Request) -> Call | None:
        """Parse a request. Returns None for operations of Connect that are not implemented here."""
        # The raw path, since an ARN contains an escaped slash.
        path = str(request.environ.get("RAW_URI") or request.path).partition("?")[0]
        for route in self._routes:
            if (found := route.match(request.method, path)) is not None:
                return self._call(route.operation, found, request.get_data())
        return None

    def _call(self, operation: OperationModel, in_path: Params, body: bytes) -> Call:
        params = {**json_object(body), **in_path}
        contact_id = str(params.get("ContactId") or params.get("InitialContactId"))
        to = params.get("DestinationPhoneNumber") or self._contacts.number_of(contact_id)
        act: Callable[[Params], Params] = {
            "StartOutboundVoiceContact": self._start,
            "DescribeContact": self._describe,
            "GetContactAttributes": self._attributes,
            "UpdateContactAttributes": self._update,
            "StopContact": self._stop,
            **instance.ANSWERS,
        }[operation.name]

        def carry_out() -> Response:
            try:
                check(operation.input_shape, params)
                with self._contacts.lock:
                    return connect_result(act(params))
            except AwsError as refusal:
                return error("connect", refusal.code, refusal.message)

        return Call("connect", f"connect:{operation.name}", lambda: (str(to),), carry_out)

    def _start(self, params: Params) -> Params:
        check_call(params)
        token = params.get("ClientToken")
        if (earlier := self._contacts.started_with(params["InstanceId"], token)) is not None:
            return {"ContactId": earlier}
        contact = self._dial(params)
        self._contacts.place(contact, token)
        self._messages.add(_message(contact, token))
        self.telephones.show_new(contact)
        return {"ContactId": contact.contact_id}

    def _dial(self, params: Params) -> Contact:
        to = params["DestinationPhoneNumber"]
        fault = self._faults.meet("connect:StartOutboundVoiceContact", lambda: (to,), OUTCOME_KINDS)
        now = self._contacts.now()
        seconds = fault.seconds if fault else params.get("RingTimeoutInSeconds", _RING_SECONDS)
        contact = Contact(
            instance_id=params["InstanceId"],
            to=to,
            started_at=now,
            rings_until=now + timedelta(seconds=seconds),
            unanswered="busy" if fault is not None and fault.kind == "busy" else "no_answer",
            source=params.get("SourcePhoneNumber"),
            queue_id=params.get("QueueId"),
            attributes=dict(params.get("Attributes", {})),
        )
        if fault is None:
            self.telephones.pick_up_by_itself(contact)
        return contact

    def _describe(self, params: Params) -> Params:
        return {"Contact": self._found(params, "ContactId").record(self._contacts.now())}

    def _attributes(self, params: Params) -> Params:
        return {"Attributes": self._found(params, "InitialContactId").attributes}

    def _update(self, params: Params) -> Params:
        contact = self._found(params, "InitialContactId")
        check_attributes({**contact.attributes, **params["Attributes"]})
        contact.attributes.update(params["Attributes"])
        return {}

    def _stop(self, params: Params) -> Params:
        contact = self._contacts.find(params["InstanceId"], params["ContactId"])
        now = self._contacts.now()
        if contact is None or contact.state_at(now) == "ended":
            raise AwsError("ContactNotFoundException", "The contact is not active or does not exist.")
        contact.stop(now)
        self.telephones.show()
        return {}

    def _found(self, params: Params, name: str) -> Contact:
        contact = self._contacts.find(params["InstanceId"], params[name])
        if contact is None:
            raise AwsError("ResourceNotFoundException", "The specified resource was not found.")
        return contact


def _message(contact: Contact, token: str | None) -> ReceivedMessage:
    attributes = contact.attributes
    return ReceivedMessage(
        channel="call",
        to=contact.to,
        text=" ".join(filter(None, (attributes.get("Message"), attributes.get("Message2")))),
        provider_id=contact.contact_id,
        sender=contact.source,
        progress=contact.progress_at(contact.started_at),
        client_token=token,
        attributes=dict(attributes),
    )
