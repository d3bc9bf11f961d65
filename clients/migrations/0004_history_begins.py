from django.db import migrations
from django.utils import timezone

BATCH = 1000


def begin(apps, schema_editor):
    """An entry for each client that was there before there was a history, so that the first change shows from what."""
    ApiClient = apps.get_model("clients", "ApiClient")
    Entry = apps.get_model("clients", "HistoricalApiClient")
    kept = [field.attname for field in ApiClient._meta.concrete_fields]
    now = timezone.now()
    Entry.objects.bulk_create(
        [
            Entry(
                **{name: getattr(client, name) for name in kept},
                history_date=now,
                history_type="+",
                history_change_reason="As it stood when the history began",
            )
            for client in ApiClient.objects.order_by("pk")
        ],
        batch_size=BATCH,
    )


class Migration(migrations.Migration):

    dependencies = [
        ('clients', '0003_history'),
    ]

    operations = [
        migrations.RunPython(begin, migrations.RunPython.noop),
    ]
