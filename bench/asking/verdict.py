"""The rules for alerts that people are asked to take on, whatever was broken. Each is a query that finds violations."""

import json
import time
from collections.abc import Collection

from bench.stack import Stack

REPLY_SECONDS = 15.0
"""For a relay to take a reply out of the queue."""
RULES = {
    "has two who accepted, or none although it says so": """
        SELECT message_id FROM alerts_alert WHERE has_loop AND (state = 'acknowledged') <> (
            SELECT count(*) = 1 FROM alerts_engagement AS one
            WHERE one.alert_id = alerts_alert.id AND one.state = 'accepted'
        )""",
    "still waits for an answer": """
        SELECT message_id FROM alerts_loop JOIN alerts_alert ON id = alert_id
        WHERE ended_at IS NULL OR EXISTS (
            SELECT FROM alerts_engagement AS one WHERE one.alert_id = id AND one.state = 'asked'
        )""",
    "asked somebody after it was accepted": """
        SELECT message_id FROM alerts_alert JOIN alerts_response AS said ON said.alert_id = alerts_alert.id
        WHERE said.kind = 'accept' AND said.effect = 'applied' AND alerts_alert.state = 'acknowledged' AND EXISTS (
            SELECT FROM alerts_engagement AS later WHERE later.alert_id = alerts_alert.id AND later.asked_at > said.at
        ) AND NOT EXISTS (
            SELECT FROM alerts_response AS back WHERE back.alert_id = alerts_alert.id
              AND back.kind <> 'accept' AND back.at > said.at
        )""",
    "sent somebody something new long after it was accepted": """
        SELECT message_id FROM alerts_alert JOIN alerts_response AS said ON said.alert_id = alerts_alert.id
        JOIN alerts_delivery AS sent ON sent.alert_id = alerts_alert.id AND sent.notice = ''
        JOIN alerts_attempt AS attempt ON attempt.delivery_id = sent.id
        WHERE said.kind = 'accept' AND said.effect = 'applied' AND alerts_alert.state = 'acknowledged'
          -- A claim and an acceptance at once may both be right; a locked table holds the second up for a while.
          AND attempt.started_at > said.at + interval '15 seconds' AND NOT EXISTS (
            SELECT FROM alerts_response AS back WHERE back.alert_id = alerts_alert.id
              AND back.kind <> 'accept' AND back.at > said.at
          )""",
    "ended with nobody, although somebody of its plan was not asked": """
        SELECT message_id FROM alerts_loop JOIN alerts_alert ON id = alert_id
        WHERE outcome = 'exhausted' AND next_step < jsonb_array_length(plan -> 'steps')""",
    "has an answer twice": """
        SELECT message_id FROM alerts_alert JOIN alerts_response AS said ON said.alert_id = alerts_alert.id
        GROUP BY message_id, said.proof, said.evidence HAVING count(*) > 1""",
    "has a message of somebody else": """
        SELECT message_id FROM alerts_alert JOIN alerts_delivery AS sent ON sent.alert_id = alerts_alert.id
        JOIN alerts_engagement AS one ON one.id = sent.engagement_id WHERE one.clinician_id <> sent.clinician_id""",
}


def broken(stack: Stack, *, taken: Collection[str], contact_ids: Collection[str]) -> list[str]:
    """Every broken rule, as a sentence. `taken` are the keys of alerts that got a 2xx."""
    stored = {
        key
        for (key,) in stack.rows(
            "SELECT message_id FROM alerts_alert WHERE contact_id = ANY(%s)", list(contact_ids)
        )
    }
    lost = sorted(set(taken) - stored)
    found = [f"{key}: answered with a 2xx, but not stored." for key in lost]
    for what, query in RULES.items():
        found += [f"{key}: {what}." for (key,) in stack.rows(query)]
    found += [f"A reply by SMS was not kept: {each}." for each in sorted(_replies_lost(stack))]
    return found


def _replies_lost(stack: Stack) -> set[str]:
    """The replies that are not kept in time: somebody may have answered the very last message a moment ago."""
    until = time.monotonic() + REPLY_SECONDS
    while (left := replies_not_kept(stack)) and time.monotonic() < until:
        time.sleep(0.2)
    return left


def replies_not_kept(stack: Stack) -> set[str]:
    """Replies, by AWS's ids, that Bleep has not stored. The stand-in keeps the newest 1,000."""
    sent = {each["id"] for each in json.loads(stack.aws("GET", "/handset"))["replies"]}
    return sent - {key for (key,) in stack.rows("SELECT provider_id FROM alerts_inboundmessage")}


def false_sent(stack: Stack, received: Collection[str]) -> list[str]:
    """Alerts that want an answer and count as sent, although AWS never got them. `received` are AWS's ids."""
    query = """
        SELECT message_id, sent.provider_id FROM alerts_alert
        JOIN alerts_delivery AS sent ON sent.alert_id = alerts_alert.id
        WHERE sent.engagement_id IS NOT NULL AND sent.state IN ('sent', 'delivered')"""
    return sorted({key for key, provider_id in stack.rows(query) if provider_id not in received})


def answers(stack: Stack) -> dict[str, int]:
    """How alerts ended, by the outcome of their loops."""
    return dict(stack.rows("SELECT outcome, count(*) FROM alerts_loop GROUP BY outcome ORDER BY outcome"))
