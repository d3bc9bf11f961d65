"""What is stored is written in its normal form from now on, so what is there already is, too.

A contact ID that would then be somebody else's is left as it is: alerts can name only one of the two.
`contacts.problems` shows the other to staff.
"""

import contacts.phone
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
    ]
