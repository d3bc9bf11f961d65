"""What is stored is written in its normal form from now on, so what is there already is, too.

A contact ID that would then be somebody else's is left as it is: alerts can name only one of the two.
`contacts.problems` shows the other to staff.
"""

import contacts.phone
import django.contrib.postgres.fields
import spelling.fields
from django.db import migrations, models

from contacts import phone
from spelling import folding, likeness, normal


def write_normal_form(apps, schema_editor):
    clinicians = apps.get_model("contacts", "Clinician").objects.order_by("pk")
    fields = ("contact_id", "name", "role", "department", "email")
    rows = list(clinicians.values("pk", *fields))
    taken = {row["contact_id"] for row in rows}
    for row in rows:
        after = {field: normal.without_unwanted(row[field]) for field in fields}
        after["email"] = normal.email(after["email"])
        changed = {field: value for field, value in after.items() if value != row[field]}
        if changed.get("contact_id") in taken or not after["contact_id"]:
            changed.pop("contact_id", None)
        if changed:
            clinicians.filter(pk=row["pk"]).update(**changed)
            taken.add(changed.get("contact_id", row["contact_id"]))
    templates = apps.get_model("contacts", "PreferenceTemplate").objects.order_by("pk")
    for pk, name in list(templates.values_list("pk", "name")):
        after = normal.without_unwanted(name)
        if after and not templates.filter(name=after).exists():
            templates.filter(pk=pk).update(name=after)


def derive(apps, schema_editor):
    clinicians = apps.get_model("contacts", "Clinician").objects
    rows = list(clinicians.only("name", "contact_id", "email", "call_number", "sms_number"))
    for row in rows:
        row.search_text = folding.searchable(row.name, row.contact_id, row.email)
        row.likeness = likeness.likeness(row.contact_id)
        row.call_doubt = phone.call_doubt(row.call_number) or ""
        row.sms_doubt = phone.sms_doubt(row.sms_number) or ""
    clinicians.bulk_update(rows, ["search_text", "likeness", "call_doubt", "sms_doubt"], batch_size=500)


# `contacts.problems` says the same in sentences, and a test compares the two. What providers say is not in it: those who
# send would wait for whoever has locked the clinician. Whoever changes preferences has locked their clinicians before.
OWN_PROBLEMS = f"""
CREATE FUNCTION contacts_own_problems(clinician contacts_clinician) RETURNS text[] LANGUAGE sql STABLE
SET enable_seqscan = off -- a session may have planned it when there were few preferences
AS $$
    SELECT array_remove(ARRAY[
        CASE WHEN chosen.priorities < 3 THEN 'no_channel' END,
        CASE WHEN chosen.call AND clinician.call_number = '' OR chosen.sms AND clinician.sms_number = ''
               OR chosen.email AND clinician.email = '' THEN 'no_address' END,
        CASE WHEN chosen.high AND NOT chosen.high_at_once THEN 'not_at_once' END,
        CASE WHEN chosen.call AND clinician.call_number <> '' AND clinician.call_doubt <> ''
               OR chosen.sms AND clinician.sms_number <> '' AND clinician.sms_doubt <> '' THEN 'doubtful_number' END,
        CASE WHEN clinician.contact_id ~ '{normal.NEVER_IN_NORMAL}' OR clinician.contact_id IS NOT NFC NORMALIZED
             THEN 'not_nameable' END
    ], NULL)
    FROM (
        SELECT count(DISTINCT priority) AS priorities,
               coalesce(bool_or(channel = 'call'), false) AS call, coalesce(bool_or(channel = 'sms'), false) AS sms,
               coalesce(bool_or(channel = 'email'), false) AS email, coalesce(bool_or(priority = 'H'), false) AS high,
               coalesce(bool_or(priority = 'H' AND channel IN ('call', 'sms')), false) AS high_at_once
        FROM contacts_preference WHERE clinician_id = clinician.id
    ) AS chosen
    WHERE clinician.active
    UNION ALL SELECT '{{}}' WHERE NOT clinician.active
$$;
CREATE FUNCTION contacts_clinician_tells_problems() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.own_problems := contacts_own_problems(NEW);
    RETURN NEW;
END
$$;
CREATE TRIGGER contacts_clinician_is_written BEFORE INSERT OR UPDATE
    OF active, contact_id, call_number, sms_number, email, call_doubt, sms_doubt ON contacts_clinician
    FOR EACH ROW EXECUTE FUNCTION contacts_clinician_tells_problems();
CREATE FUNCTION contacts_preference_tells_problems() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE contacts_clinician AS clinician SET own_problems = now.own_problems
    FROM (
        SELECT id, contacts_own_problems(one) AS own_problems FROM contacts_clinician AS one
        WHERE id IN (SELECT clinician_id FROM changed)
    ) AS now
    WHERE clinician.id = now.id AND clinician.own_problems <> now.own_problems;
    RETURN NULL;
END
$$;
CREATE TRIGGER contacts_preference_is_chosen AFTER INSERT ON contacts_preference REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION contacts_preference_tells_problems();
CREATE TRIGGER contacts_preference_is_changed AFTER UPDATE ON contacts_preference REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION contacts_preference_tells_problems();
CREATE TRIGGER contacts_preference_is_dropped AFTER DELETE ON contacts_preference REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION contacts_preference_tells_problems();
UPDATE contacts_clinician SET active = active;
"""
NO_OWN_PROBLEMS = """
DROP TRIGGER contacts_preference_is_dropped ON contacts_preference;
DROP TRIGGER contacts_preference_is_changed ON contacts_preference;
DROP TRIGGER contacts_preference_is_chosen ON contacts_preference;
DROP FUNCTION contacts_preference_tells_problems();
DROP TRIGGER contacts_clinician_is_written ON contacts_clinician;
DROP FUNCTION contacts_clinician_tells_problems();
DROP FUNCTION contacts_own_problems(contacts_clinician);
"""

# However a clinician is changed, the rows follow, so nothing is found by looking for rows that are missing. A row that is
# being taken away is wanted again: its lock keeps it from being deleted at this moment.
SUBSCRIBED = """
CREATE FUNCTION contacts_clinician_wants_subscription() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND lower(NEW.email) <> lower(OLD.email) THEN
        UPDATE contacts_emailsubscription SET state = 'unwanted', since = now(), next_look_at = now()
        WHERE clinician_id = OLD.id AND state <> 'unwanted' AND (TG_OP = 'DELETE' OR address = lower(OLD.email));
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.active AND NEW.email <> ''
       AND (TG_OP = 'INSERT' OR NOT OLD.active OR lower(NEW.email) <> lower(OLD.email)) THEN
        INSERT INTO contacts_emailsubscription AS known (clinician_id, address) VALUES (NEW.id, lower(NEW.email))
        ON CONFLICT (clinician_id, address)
        DO UPDATE SET state = 'wanted', since = now(), next_look_at = now() WHERE known.state = 'unwanted';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER contacts_clinician_has_email AFTER INSERT OR DELETE OR UPDATE OF active, email ON contacts_clinician
    FOR EACH ROW EXECUTE FUNCTION contacts_clinician_wants_subscription();
INSERT INTO contacts_emailsubscription (clinician_id, address)
SELECT id, lower(email) FROM contacts_clinician WHERE active AND email <> '' ON CONFLICT DO NOTHING;
"""
NOT_SUBSCRIBED = """
DROP TRIGGER contacts_clinician_has_email ON contacts_clinician;
DROP FUNCTION contacts_clinician_wants_subscription();
"""


# However it is changed: on a page, from a file, in the database. Not where it is still an address of theirs.
FORMER = """
CREATE FUNCTION contacts_clinician_leaves_address() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO contacts_formeraddress (clinician_id, channel, address)
    SELECT NEW.id, former.channel, former.address
    FROM (VALUES ('sms', OLD.sms_number, NEW.sms_number), ('call', OLD.call_number, NEW.call_number),
                 ('email', lower(OLD.email), lower(NEW.email))) AS former (channel, address, now)
    WHERE former.address NOT IN ('', former.now, NEW.sms_number, NEW.call_number, lower(NEW.email))
      AND NOT (former.channel = 'call' AND former.address = OLD.sms_number);
    RETURN NULL;
END
$$;
CREATE TRIGGER contacts_clinician_moves AFTER UPDATE OF sms_number, call_number, email ON contacts_clinician
    FOR EACH ROW WHEN (OLD.active AND NEW.active
                       AND (OLD.sms_number, OLD.call_number, OLD.email)
                           IS DISTINCT FROM (NEW.sms_number, NEW.call_number, NEW.email))
    EXECUTE FUNCTION contacts_clinician_leaves_address();
"""
NO_FORMER = """
DROP TRIGGER contacts_clinician_moves ON contacts_clinician;
DROP FUNCTION contacts_clinician_leaves_address();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0001_initial'),
    ]

    operations = [
        migrations.AlterField(
            model_name='clinician',
            name='contact_id',
            field=spelling.fields.LineField(help_text='What hospital systems call this person, such as C-1.', max_length=64, unique=True, verbose_name='contact ID'),
        ),
        migrations.AlterField(
            model_name='clinician',
            name='department',
            field=spelling.fields.LineField(blank=True, max_length=100),
        ),
        migrations.AlterField(
            model_name='clinician',
            name='email',
            field=spelling.fields.EmailLineField(blank=True, max_length=254, verbose_name='e-mail address'),
        ),
        migrations.AlterField(
            model_name='clinician',
            name='name',
            field=spelling.fields.LineField(max_length=200),
        ),
        migrations.AlterField(
            model_name='clinician',
            name='role',
            field=spelling.fields.LineField(blank=True, max_length=100),
        ),
        migrations.AlterField(
            model_name='historicalclinician',
            name='contact_id',
            field=spelling.fields.LineField(db_index=True, help_text='What hospital systems call this person, such as C-1.', max_length=64, verbose_name='contact ID'),
        ),
        migrations.AlterField(
            model_name='historicalclinician',
            name='department',
            field=spelling.fields.LineField(blank=True, max_length=100),
        ),
        migrations.AlterField(
            model_name='historicalclinician',
            name='email',
            field=spelling.fields.EmailLineField(blank=True, max_length=254, verbose_name='e-mail address'),
        ),
        migrations.AlterField(
            model_name='historicalclinician',
            name='name',
            field=spelling.fields.LineField(max_length=200),
        ),
        migrations.AlterField(
            model_name='historicalclinician',
            name='role',
            field=spelling.fields.LineField(blank=True, max_length=100),
        ),
        migrations.AlterField(
            model_name='preferencetemplate',
            name='name',
            field=spelling.fields.LineField(help_text='For example “Ward default”.', max_length=80, unique=True),
        ),
        migrations.AddField(
            model_name='clinician',
            name='call_doubt',
            field=spelling.fields.DerivedField(blank=True, db_default='', default='', editable=False, help_text='What speaks against calls to the number, for queries.'),
        ),
        migrations.AddField(
            model_name='clinician',
            name='likeness',
            field=spelling.fields.DerivedField(blank=True, db_default='', default='', editable=False, help_text='The same for contact IDs that look alike.'),
        ),
        migrations.AddField(
            model_name='clinician',
            name='search_text',
            field=spelling.fields.DerivedField(blank=True, db_default='', default='', editable=False, help_text='Name, contact ID and e-mail address, as a search looks for them.'),
        ),
        migrations.AddField(
            model_name='clinician',
            name='sms_doubt',
            field=spelling.fields.DerivedField(blank=True, db_default='', default='', editable=False, help_text='What speaks against SMS to the number, for queries.'),
        ),
        migrations.AlterField(
            model_name='clinician',
            name='call_number',
            field=contacts.phone.E164Field(blank=True, default='', help_text='As you dial it, or as +44 7700 900123.', max_length=16, verbose_name='number for calls'),
        ),
        migrations.AlterField(
            model_name='clinician',
            name='sms_number',
            field=contacts.phone.E164Field(blank=True, default='', help_text='As you dial it, or as +44 7700 900123.', max_length=16, verbose_name='number for SMS'),
        ),
        migrations.AlterField(
            model_name='historicalclinician',
            name='call_number',
            field=contacts.phone.E164Field(blank=True, default='', help_text='As you dial it, or as +44 7700 900123.', max_length=16, verbose_name='number for calls'),
        ),
        migrations.AlterField(
            model_name='historicalclinician',
            name='sms_number',
            field=contacts.phone.E164Field(blank=True, default='', help_text='As you dial it, or as +44 7700 900123.', max_length=16, verbose_name='number for SMS'),
        ),
        migrations.AddIndex(
            model_name='clinician',
            index=models.Index(fields=['likeness'], name='clinician_likeness'),
        ),
        migrations.AddIndex(
            model_name='clinician',
            index=models.Index(fields=['department'], name='clinician_department'),
        ),
        migrations.AddIndex(
            model_name='clinician',
            index=models.Index(fields=['name', 'contact_id'], name='clinician_by_name'),
        ),
        migrations.RunPython(write_normal_form, migrations.RunPython.noop),
        migrations.RunPython(derive, migrations.RunPython.noop),
        migrations.AddField(
            model_name='clinician',
            name='own_problems',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), db_default=[], default=list, editable=False, help_text='Problems that follow from this row and the preferences, for queries. Triggers keep it.', size=None),
        ),
        migrations.AddIndex(
            model_name='clinician',
            index=models.Index(condition=models.Q(('own_problems', []), _negated=True), fields=['name', 'contact_id'], name='clinician_with_problem'),
        ),
        migrations.AddIndex(
            model_name='emailsubscription',
            index=models.Index(condition=models.Q(('state', 'confirmed'), _negated=True), fields=['clinician'], name='emailsubscription_unconfirmed'),
        ),
        migrations.RunSQL(OWN_PROBLEMS, NO_OWN_PROBLEMS),
        migrations.RunSQL(SUBSCRIBED, NOT_SUBSCRIBED),
        migrations.RunSQL(FORMER, NO_FORMER),
    ]
