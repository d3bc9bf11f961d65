"""The closed loop's vocabulary: whom Bleep asked to take an alert on, and what they answered."""

from django.db import models


class ResponsibilityState(models.TextChoices):
    """Who has taken an alert on, as API clients see it."""

    NONE = "none", "Nobody is asked"
    UNDEFINED = "undefined", "No answer yet"
    ACCEPTED = "accepted", "Accepted"
    EXHAUSTED = "exhausted", "Nobody is left to ask"


class LoopOutcome(models.TextChoices):
    """How asking ended."""

    ACCEPTED = "accepted", "Somebody accepted"
    EXHAUSTED = "exhausted", "Nobody is left to ask"
    ENDED = "ended", "The alert was ended"


class EngagementState(models.TextChoices):
    """What came of asking one person."""

    ASKED = "asked", "Asked"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    UNDEFINED = "undefined", "No answer in time"
    UNREACHABLE = "unreachable", "Could not be reached"
    WITHDRAWN = "withdrawn", "No longer asked"


class Why(models.TextChoices):
    """Why this person is asked."""

    ADDRESSED = "addressed", "The alert is for them"
    NAMED = "named", "Named in the plan"
    COVER = "cover", "Covers for a colleague"
    STAFF = "staff", "Asked by staff"


class ResponseKind(models.TextChoices):
    """What a person said."""

    ACCEPT = "accept", "Accept"
    DECLINE = "decline", "Decline"
    HAND_BACK = "hand_back", "Hand back"


class Proof(models.TextChoices):
    """How Bleep knows that a person answered."""

    CALL_KEY = "call_key", "Key pressed in a call"
    SMS = "sms", "Reply by SMS"
    LINK = "link", "Link in a message"
    STAFF = "staff", "Entered by staff"


class Effect(models.TextChoices):
    """What a response changed."""

    APPLIED = "applied", "Applied"
    ALREADY_TAKEN = "already_taken", "Already taken on"
    TOO_LATE = "too_late", "The alert had ended"
    NOT_UNDERSTOOD = "not_understood", "Not understood"


class Notice(models.TextChoices):
    """A short message that asks for nothing: it tells people how something ended."""

    TAKEN = "taken", "Somebody else has accepted"
    ENDED = "ended", "The alert has ended"
    YOU_ACCEPTED = "accepted", "Your acceptance is recorded"
    YOU_DECLINED = "declined", "Your refusal is recorded"
    YOU_WERE_LATE = "late", "The alert had ended before your answer"
    NOT_UNDERSTOOD = "not_understood", "Your answer was not understood"
