"""The sentences for states and reasons, for staff and operators."""

from dataclasses import dataclass

from django.conf import settings

from alerts.states import (
    AttemptState,
    DeliveryState,
    Effect,
    Notice,
    Proof,
    Reason,
    ResponseKind,
    StaffAction,
)


@dataclass(frozen=True)
class Explanation:
    """Why something did not succeed, and what to do about it: two parts, since not every reader can follow the advice.

    As text it is both.
    """

    cause: str
    advice: str = ""
    is_for_editors: bool = False
    """Whether only users who may change clinicians can follow the advice."""
    needs_text: bool = False
    """Whether nobody can follow the advice once the alert's text is gone."""

    def __str__(self) -> str:
        return f"{self.cause} {self.advice}".rstrip()

    def for_reader(self, *, ask: str, has_text: bool = True) -> str:
        """For a reader who must `ask` somebody to change a clinician; empty for one who may do that."""
        if self.needs_text and not has_text:
            return self.cause
        if self.is_for_editors and ask:
            return f"{self.cause} Ask {ask} to {self.advice[:1].lower()}{self.advice[1:]}"
        return str(self)


DELIVERY: dict[DeliveryState, str] = {
    DeliveryState.PENDING: "Nothing has been sent yet, or an attempt failed and another will follow.",
    DeliveryState.SENDING: "A worker is talking to the provider; a telephone may ring at any moment.",
    DeliveryState.SENT: "The provider has taken the message. Whether it arrived is not known.",
    DeliveryState.DELIVERED: "The call was picked up, by a person or by a voicemail.",
    DeliveryState.UNDELIVERED: "The call was not picked up.",
    DeliveryState.FAILED: "The provider did not take it over this channel, which will not be tried again.",
    DeliveryState.UNKNOWN: "The provider did not confirm it, so it may have arrived. It is not sent this way again.",
    DeliveryState.CANCELLED: "Staff stopped it before it was sent.",
}

STOPPED_BY_AN_ANSWER = "It was stopped before it was sent: somebody had answered, or the alert had ended."
"""For a cancelled delivery of an alert with a plan: an answer stops deliveries that are not wanted any more, as staff
do."""

IN_DOUBT = "May have arrived"
"""The words for “Failed” if the provider did not confirm it. API clients see `failed` for both."""

ATTEMPT: dict[AttemptState, str] = {
    AttemptState.CALLING: "The request may be on its way.",
    AttemptState.SENT: "The provider has taken the message.",
    AttemptState.THROTTLED: "The provider refused for now, so nothing was sent. This does not use up a try.",
    AttemptState.UNSENT: "The message was not handed over, or the provider had no room. It can be tried again.",
    AttemptState.REJECTED: "The provider will never send this. Nothing was sent.",
    AttemptState.UNKNOWN: "The request left and no answer came: it may have arrived.",
}

ANSWERED_WITH_ERROR = "The provider answered with an error, and may have sent it all the same."
"""For an attempt in doubt that got an answer, though one that settles nothing."""

REASON: dict[Reason, Explanation] = {
    Reason.THROTTLED: Explanation("The provider asked Bleep to slow down.", "You need not do anything."),
    Reason.QUOTA: Explanation("A quota of the AWS account is used up.", "Ask AWS for a higher one."),
    Reason.UNREACHABLE: Explanation(
        "The provider could not be reached.", "Check the network and AWS's status page."
    ),
    Reason.ANSWER_LOST: Explanation(
        "The provider did not confirm that it took this, so it may or may not have been sent."
    ),
    Reason.WORKER_LOST: Explanation("A worker stopped while sending, so it may or may not have been sent."),
    Reason.OUT_OF_TIME: Explanation(
        "Bleep was held up, so it was not sent this time.", "You need not do anything."
    ),
    Reason.INVALID_ADDRESS: Explanation(
        "The provider refused this address.", "Correct it on the clinician's page.", is_for_editors=True
    ),
    Reason.OPTED_OUT: Explanation("This number has opted out of SMS.", "The clinician must opt in again."),
    Reason.TOO_LONG: Explanation(
        "The text is longer than an SMS can be.", "The hospital system must send a shorter one."
    ),
    Reason.INVALID_TEXT: Explanation(
        "The provider refused this text.", "The hospital system must send another one."
    ),
    Reason.NOT_ALLOWED: Explanation("The account may not call this destination.", "Ask AWS to allow it."),
    Reason.UNCONFIRMED: Explanation(
        "The clinician has not confirmed the e-mail subscription.", "Ask them to open its link."
    ),
    Reason.REFUSED: Explanation(
        "The provider refused the request.", "Give the people who run Bleep the provider's code."
    ),
    Reason.MISCONFIGURED: Explanation(
        "Bleep's access to AWS is not set up correctly.", "Tell the people who run Bleep."
    ),
    Reason.PROVIDER_DOWN: Explanation(
        "The provider kept failing, so Bleep gave this channel up.", "The attempts, if any, say why."
    ),
    Reason.BUSY: Explanation(
        "The line was busy.", "Unless another channel got through, reach the person another way."
    ),
    Reason.NOT_ANSWERED: Explanation(
        "Nobody answered the call.", "Unless another channel got through, reach the person another way."
    ),
    Reason.CALL_FAILED: Explanation(
        "The call could not be put through.", "Check the number on the clinician's page."
    ),
    Reason.TRIES_USED_UP: Explanation(
        "It was tried as often as this priority allows.",
        "See why each try failed, then send it again.",
        needs_text=True,
    ),
    Reason.TOO_OLD: Explanation(
        "It could not be sent in the time this priority allows.", "Reach the person another way."
    ),
    Reason.STOPPED: Explanation(
        "Staff stopped it when they marked the alert as dealt with, which was undone.",
        "Send it again.",
        needs_text=True,
    ),
}

REASON_IN_BRIEF: dict[Reason, str] = {
    Reason.THROTTLED: "the provider was too busy",
    Reason.QUOTA: "a quota of AWS is used up",
    Reason.UNREACHABLE: "the provider could not be reached",
    Reason.ANSWER_LOST: "may have arrived: the provider did not confirm it",
    Reason.WORKER_LOST: "may have arrived: the provider did not confirm it",
    Reason.OUT_OF_TIME: "Bleep was held up",
    Reason.INVALID_ADDRESS: "the address was refused",
    Reason.OPTED_OUT: "the number has opted out of SMS",
    Reason.TOO_LONG: "the text is too long for an SMS",
    Reason.INVALID_TEXT: "the text was refused",
    Reason.NOT_ALLOWED: "the account may not call this number",
    Reason.UNCONFIRMED: "the e-mail address is not confirmed",
    Reason.REFUSED: "the provider refused it",
    Reason.MISCONFIGURED: "Bleep's access to AWS is not set up",
    Reason.PROVIDER_DOWN: "the provider is down",
    Reason.BUSY: "the line was busy",
    Reason.NOT_ANSWERED: "nobody answered",
    Reason.CALL_FAILED: "the call could not be put through",
    Reason.TRIES_USED_UP: "every try failed",
    Reason.TOO_OLD: "it could not be sent in time",
    Reason.STOPPED: "staff had stopped it",
}
"""For the lines of Home, after the person's name."""

DONE_BY: dict[StaffAction, str] = {
    StaffAction.TAKE: "Taken on by",
    StaffAction.HAND_BACK: "Handed back by",
    StaffAction.RESEND: "Sent again by",
    StaffAction.FORWARD: "Sent to somebody else by",
    StaffAction.CANCEL: "Cancelled by",
    StaffAction.CLOSE: "Marked as dealt with by",
    StaffAction.REOPEN: "“Dealt with” undone by",
}

PROOF: dict[Proof, str] = {
    Proof.CALL_KEY: "by a key pressed in a call",
    Proof.SMS: "by SMS",
    Proof.LINK: "by the link in a message",
    Proof.STAFF: "as entered by staff",
}
"""How Bleep knows a person's answer."""

ANSWER: dict[ResponseKind, str] = {
    ResponseKind.ACCEPT: "accepted",
    ResponseKind.DECLINE: "declined",
    ResponseKind.HAND_BACK: "handed it back",
}
EFFECT: dict[Effect, str] = {
    Effect.ALREADY_TAKEN: "but somebody else had it",
    Effect.TOO_LATE: "but it had ended",
    Effect.NOT_UNDERSTOOD: "but that was not understood",
}
"""Why an answer changed nothing. Follows the answer itself."""

NOTICE: dict[Notice, str] = {
    Notice.TAKEN: "somebody else has it",
    Notice.ENDED: "it has ended",
    Notice.YOU_ACCEPTED: "their acceptance is recorded",
    Notice.YOU_DECLINED: "their refusal is recorded",
    Notice.YOU_WERE_LATE: "it had ended before their answer",
    Notice.NOT_UNDERSTOOD: "their answer was not understood",
}
"""The message of a notice, in short."""

TEXT_IS_GONE = Explanation("Its text is gone, so nobody else can be told what it said.")


def why_blank() -> str:
    """Why the page of an alert shows `(expired)`."""
    days = settings.KEEP_TEXTS_DAYS
    kept = f"Bleep keeps texts for {days} days after an alert has ended. " if days else ""
    return (
        f"{kept}Text, patient reference and addresses were replaced by “(expired)”, or erased on request; times and "
        "states stay."
    )
