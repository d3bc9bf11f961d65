from django.db import migrations
from django.utils import timezone

BATCH = 1000


def begin(apps, schema_editor):
    """An entry for everybody who was there before there was a history, so that the first change shows from what."""
    Clinician = apps.get_model("contacts", "Clinician")
    Entry = apps.get_model("contacts", "HistoricalClinician")
    kept = [field.attname for field in Clinician._meta.concrete_fields]
    now = timezone.now()
    entries = []
    for clinician in Clinician.objects.prefetch_related("preferences").order_by("pk").iterator(chunk_size=BATCH):
        channels = {"H": [], "M": [], "L": []}
        for preference in sorted(clinician.preferences.all(), key=lambda each: each.position):
            channels[preference.priority].append(preference.channel)
        entries.append(
            Entry(
                **{name: getattr(clinician, name) for name in kept},
                channels=channels,
                history_date=now,
                history_type="+",
                history_change_reason="As it stood when the history began",
            )
        )
    Entry.objects.bulk_create(entries, batch_size=BATCH)


class Migration(migrations.Migration):

    dependencies = [
        ('contacts', '0002_history'),
    ]

    operations = [
        migrations.RunPython(begin, migrations.RunPython.noop),
    ]
