"""Telephones that ring: what people do with them, and how that becomes messages and events for Bleep."""

import json
from collections.abc import Callable
from typing import Any

from sandbox.aws.connect.contacts import Contact, Contacts
from sandbox.aws.messages import CallState, Messages


class NoSuchCallError(LookupError):
    """There is no call that this could be done with. The message is a sentence."""


class Telephones:
    """The actions of people: answer, reject, press keys, hang up. Thread-safe.

    Each returns the call as it is then, or raises NoSuchCallError. If there are several calls to a number, the oldest
    is meant.
    """

    def __init__(
        self, contacts: Contacts, messages: Messages, tell: Callable[[str], None] = lambda _: None
    ) -> None:
        """`tell` puts an event of a call into the queue that Bleep reads."""
        self._contacts = contacts
        self._messages = messages
        self._tell = tell
        self._voicemails: set[str] = set()

    def voicemails(self) -> list[str]:
        """The numbers whose calls go to a voicemail."""
        with self._contacts.lock:
            return sorted(self._voicemails)

    def switch_voicemail(self, number: str, *, on: bool) -> None:
        """Let a voicemail pick up the next calls to this number. It says nothing, and presses no key."""
        with self._contacts.lock:
            if on:
                self._voicemails.add(number)
            else:
                self._voicemails.discard(number)

    def pick_up_by_itself(self, contact: Contact) -> None:
        """Pick a new call up at once if a voicemail answers, or if nobody is asked for an answer."""
        voicemail = contact.to in self._voicemails
        if voicemail or contact.attributes.get("Answer") != "wanted":
            contact.answer(contact.started_at, "", voicemail=voicemail)

    def show_new(self, contact: Contact) -> None:
        """Update the messages with a call that was just placed: it may be over at once."""
        with self._contacts.lock:
            self._shown(contact)

    def answer(self, number: str, keys: str | None) -> dict[str, Any]:
        """Answer the call that rings here.

        With `keys`, one is pressed after each prompt, and the call is over at once. Without, it goes on until somebody
        presses keys, or its time is over.
        """
        with self._contacts.lock:
            contact = self._first(number, "ringing")
            contact.answer(self._contacts.now(), keys)
            return self._shown(contact)

    def reject(self, number: str) -> dict[str, Any]:
        """Reject the call that rings here."""
        with self._contacts.lock:
            contact = self._first(number, "ringing")
            contact.reject(self._contacts.now())
            return self._shown(contact)

    def hang_up(self, number: str) -> dict[str, Any]:
        """End the call that was answered here."""
        with self._contacts.lock:
            contact = self._first(number, "connected")
            contact.hang_up(self._contacts.now())
            return self._shown(contact)

    def press(self, contact_id: str, keys: str) -> dict[str, Any]:
        """Press keys, one after the other, in the call that was answered."""
        with self._contacts.lock:
            now = self._contacts.now()
            for contact in self._contacts.under_way():
                if contact.contact_id == contact_id and contact.state_at(now) == "connected":
                    contact.press(keys, now)
                    return self._shown(contact)
        raise NoSuchCallError("No such call goes on.")

    def show(self) -> None:
        """Update the messages with the running calls, whose time passes."""
        with self._contacts.lock:
            for contact in self._contacts.under_way():
                self._shown(contact)

    def clear(self) -> None:
        """Stop the running calls, and delete all messages."""
        with self._contacts.lock:
            for contact in self._contacts.under_way():
                contact.stop(self._contacts.now())
                self._contacts.has_ended(contact)
            self._messages.clear()

    def _first(self, number: str, state: CallState) -> Contact:
        now = self._contacts.now()
        for contact in self._contacts.under_way():
            if contact.to == number and contact.state_at(now) == state:
                return contact
        raise NoSuchCallError(f"Nothing {'rings' if state == 'ringing' else 'was answered'} at {number}.")

    def _shown(self, contact: Contact) -> dict[str, Any]:
        progress = contact.progress_at(self._contacts.now())
        self._messages.record(contact.contact_id, progress)
        if "Response" in contact.attributes:
            self._tell_once(contact, "CONTACT_DATA_UPDATED")
        if progress.state == "ended":
            self._tell_once(contact, "DISCONNECTED")
            self._contacts.has_ended(contact)
        return {
            "contact_id": contact.contact_id,
            "state": progress.state,
            "spoken": progress.spoken or "",
            "attributes": dict(contact.attributes),
            "ended": progress.state == "ended",
        }

    def _tell_once(self, contact: Contact, kind: str) -> None:
        if kind not in contact.told:
            contact.told.add(kind)
            self._tell(json.dumps(contact.event(kind, self._contacts.now())))
