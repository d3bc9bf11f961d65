"""A full database: clinicians, and alerts that were sent to them, as they are after a year or more.

The rows are written straight into PostgreSQL, because the API would take hours. Constraints hold; foreign keys are not
checked and triggers do not fire, which would double the time: keys are those of rows that are there.
"""

from collections.abc import Callable

import psycopg

ALERTS_A_BATCH = 50_000
SECONDS_APART = 16
"""Seconds between two alerts: 2,000,000 in a year. A table that is twice as long goes back twice as far."""
OPEN_FOR = 5_000
"""How many of the newest alerts staff have not looked at yet. They have dealt with older ones that failed."""
WAITING = 300
"""Of the newest alerts, every other one waits for another try. (All of them would look like an outage.)"""

Session = psycopg.Connection[tuple[object, ...]]

_CLINICIANS = """
WITH first(names) AS (VALUES (ARRAY['Amara','Bela','Chidi','Dora','Emre','Fumi','Gita','Hana','Ines','Jun','Kofi'])),
last(names) AS (VALUES (ARRAY['Okoro','Novak','Example','Tanaka','Yilmaz','Sample','Lindqvist'])),
person AS (
    SELECT n, first.names[1 + n %% 11] || ' ' || last.names[1 + n %% 7] || ' ' || n AS name, 'F-' || n AS contact_id,
           CASE WHEN n %% 100 = 0 THEN '' ELSE '+447700900' || lpad((n %% 500)::text, 3, '0') END AS call_number,
           '+447700900' || lpad((500 + n %% 500)::text, 3, '0') AS sms_number, 'f' || n || '@ward.example' AS email
    FROM generate_series(1, %(count)s) AS n, first, last
),
clinician AS (
    INSERT INTO contacts_clinician (contact_id, name, role, department, call_number, sms_number, email, active,
                                    search_text, likeness, call_doubt, sms_doubt)
    SELECT contact_id, name, 'Registrar', 'Ward ' || n %% 60, call_number, sms_number, email, n %% 20 <> 0,
           lower(name || ' ' || contact_id || ' ' || email), lower(contact_id),
           CASE WHEN n %% 200 = 1 THEN 'not_in_use' ELSE '' END, ''
    FROM person ORDER BY n
    RETURNING id, email
),
chosen(priority, position, channel) AS (VALUES ('H', 1, 'call'), ('H', 2, 'sms'), ('M', 1, 'sms'), ('L', 1, 'email')),
preference AS (
    INSERT INTO contacts_preference (clinician_id, priority, position, channel)
    SELECT id, priority, position, channel FROM clinician, chosen WHERE id %% 300 <> 0 OR priority <> 'M'
),
obstacle AS (
    INSERT INTO contacts_obstacle (clinician_id, channel, address, kind)
    SELECT id, 'email', email, 'invalid_address' FROM clinician WHERE id %% 250 = 0
)
INSERT INTO contacts_emailsubscription (clinician_id, address, state, topic_arn, subscription_arn, next_look_at)
SELECT id, email, CASE WHEN id %% 50 = 0 THEN 'pending' ELSE 'confirmed' END,
       'arn:aws:sns:eu-west-2:123456789012:fill-' || id, 'arn:aws:sns:eu-west-2:123456789012:fill-' || id || ':1',
       now() + interval '1 day'
FROM clinician
"""

# `dice` is between 0 and 999, and decides the outcome of an alert.
_ALERTS = """
WITH facts AS MATERIALIZED (
    SELECT n, (n * 7919) %% 1000 AS dice, %(all)s - n AS age,
           now() - (%(all)s - n) * %(apart)s * interval '1 s' AS at,
           CASE WHEN n %% 10 < 2 THEN 'H' WHEN n %% 10 < 5 THEN 'M' ELSE 'L' END AS priority,
           %(first)s + (n * 104729) %% %(people)s AS clinician_id
    FROM generate_series(%(begin)s::bigint, %(end)s) AS n
),
alert AS (
    INSERT INTO alerts_alert (client_id, is_test, message_id, type, patient_id, contact_id, clinician_id, description,
                              priority, state, failed, created_at)
    SELECT %(client)s, false, 'fill-' || n, 'blood_test_alert', 'reference-' || n %% 70001,
           'F-' || clinician_id - %(first)s + 1, clinician_id,
           'Blood test results are ready, sample ' || md5(n::text), priority,
           CASE WHEN dice BETWEEN 12 AND 14 THEN 'cancelled' WHEN dice < 12 AND age > %(open_for)s THEN 'closed'
                ELSE 'open' END, dice < 12 AND (age >= 2 * %(waiting)s OR n %% 2 = 1), at
    FROM facts
    RETURNING id, message_id
),
known AS (
    SELECT alert.id, facts.*,
           CASE WHEN age < 2 * %(waiting)s AND n %% 2 = 0 THEN 'pending'
                WHEN dice < 10 THEN 'failed' WHEN dice < 12 THEN 'unknown'
                WHEN dice < 15 THEN 'cancelled' WHEN priority = 'H' AND dice %% 5 = 0 THEN 'undelivered'
                WHEN priority = 'H' THEN 'delivered' ELSE 'sent' END AS state
    FROM facts JOIN alert ON alert.message_id = 'fill-' || facts.n
),
wanted AS (
    SELECT id, at, priority, clinician_id, dice, 1 AS position, state,
           CASE priority WHEN 'H' THEN 'call' WHEN 'M' THEN 'sms' ELSE 'email' END AS channel
    FROM known
    UNION ALL
    SELECT id, at + interval '40 s', priority, clinician_id, dice, 2, 'sent', 'sms' FROM known
    WHERE state = 'undelivered'
),
delivery AS (
    INSERT INTO alerts_delivery (id, alert_id, clinician_id, priority, channel, address, round, position, state, reason,
                                 possible_duplicate, provider_id, attempt_count, available_at, handed_over_at,
                                 outcome_at, created_at, finished_at)
    SELECT gen_random_uuid(), id, clinician_id, priority, channel,
           CASE channel WHEN 'email' THEN 'f' || clinician_id || '@ward.example' ELSE '+447700900001' END, 1, position,
           state, CASE state WHEN 'failed' THEN 'invalid_address' WHEN 'unknown' THEN 'answer_lost'
                             WHEN 'undelivered' THEN 'not_answered' ELSE '' END, false,
           CASE WHEN state IN ('sent', 'delivered', 'undelivered') THEN gen_random_uuid()::text ELSE '' END,
           CASE WHEN state = 'cancelled' THEN 0 WHEN dice BETWEEN 15 AND 44 THEN 2 ELSE 1 END,
           CASE WHEN state = 'pending' THEN now() + interval '5 min' + random() * interval '4 min' ELSE at END,
           CASE WHEN state NOT IN ('pending', 'cancelled') THEN at + interval '20 ms' END,
           CASE WHEN state IN ('delivered', 'undelivered') THEN at + interval '35 s' END, at,
           CASE WHEN state <> 'pending' THEN at + interval '200 ms' END
    FROM wanted
    RETURNING id, channel, state, reason, provider_id, attempt_count, created_at, finished_at
)
INSERT INTO alerts_attempt (delivery_id, channel, number, state, reason, code, provider_id, late, started_at,
                            finished_at)
SELECT id, channel, number,
       CASE WHEN number < attempt_count OR state = 'pending' THEN 'unsent' WHEN state = 'failed' THEN 'rejected'
            WHEN state = 'unknown' THEN 'unknown' ELSE 'sent' END,
       CASE WHEN number < attempt_count OR state = 'pending' THEN 'unreachable'
            WHEN state IN ('failed', 'unknown') THEN reason ELSE '' END, '',
       CASE WHEN number < attempt_count OR state IN ('pending', 'failed', 'unknown') THEN '' ELSE provider_id END,
       false, created_at + number * interval '50 ms', created_at + number * interval '100 ms'
FROM delivery, generate_series(1, attempt_count) AS number
"""


def fill(session: Session, *, alerts: int, clinicians: int, report: Callable[[str], None]) -> None:
    """Write clinicians, and alerts from the newest client, the last of them now. Takes two minutes for 2,000,000.

    `session` is one that commits each statement, of a user who may do everything. `report` gets lines of progress.
    """
    session.execute("SET session_replication_role = replica")
    session.execute("SET statement_timeout = 0")
    session.execute(_CLINICIANS, {"count": clinicians})
    session.execute("UPDATE contacts_clinician AS each SET own_problems = contacts_own_problems(each)")
    session.execute("VACUUM FULL contacts_clinician")  # as if each had been written once
    values = {
        "all": alerts,
        "people": clinicians,
        "apart": SECONDS_APART,
        "open_for": OPEN_FOR,
        "waiting": WAITING,
        "first": _one(session, "SELECT min(id) FROM contacts_clinician WHERE contact_id LIKE 'F-%'"),
        "client": _one(session, "SELECT max(id) FROM clients_apiclient"),
    }
    for begin in range(1, alerts + 1, ALERTS_A_BATCH):
        end = min(alerts, begin + ALERTS_A_BATCH - 1)
        session.execute(_ALERTS, {**values, "begin": begin, "end": end})
        report(f"{end:,} of {alerts:,} alerts written")
    session.execute("RESET session_replication_role")
    session.execute("RESET statement_timeout")
    session.execute("VACUUM ANALYZE")


def _one(session: Session, query: str) -> object:
    row = session.execute(query.encode()).fetchone()
    if row is None or row[0] is None:
        raise ValueError("The database needs an API client and clinicians.")
    return row[0]
