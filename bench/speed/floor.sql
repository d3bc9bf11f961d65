-- One alert, in the six round trips that it takes without tricks. For pgbench, which gives the variables.
\set person random(:first, :last)
\set priority random(1, 3)
BEGIN;
SELECT token.client_id AS client
FROM clients_apitoken AS token JOIN clients_apiclient AS client ON client.id = token.client_id
WHERE token.digest = :digest AND client.active AND token.revoked_at IS NULL \gset
SELECT clinician.id AS clinician, preference.channel, clinician.sms_number AS address
FROM contacts_clinician AS clinician JOIN contacts_preference AS preference ON preference.clinician_id = clinician.id
WHERE clinician.contact_id = concat('B-', :person::text) AND clinician.active
  AND preference.priority = substr(:priorities::text, :priority::int, 1)
ORDER BY preference.position LIMIT 1 \gset
INSERT INTO alerts_alert (client_id, is_test, message_id, type, patient_id, contact_id, clinician_id, description,
                          priority, state)
VALUES (:client, false, concat(:name::text, '-', gen_random_uuid()), :type, gen_random_uuid()::text, concat('B-', :person::text),
        :clinician, :description, substr(:priorities::text, :priority::int, 1), 'open')
RETURNING id AS alert \gset
INSERT INTO alerts_delivery (id, alert_id, clinician_id, priority, channel, address, round, position, state, reason,
                             possible_duplicate, provider_id, attempt_count, traceparent)
VALUES (gen_random_uuid(), :alert, :clinician, substr(:priorities::text, :priority::int, 1), :channel, :address, 1, 1, 'pending',
        '', false, '', 0, '');
COMMIT;
