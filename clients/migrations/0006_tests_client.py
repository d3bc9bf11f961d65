from django.db import migrations
from django.utils import timezone

TESTS = "Tests by Bleep's staff"


def reserve(apps, schema_editor):
    """The client of tests is there before anybody can take its name. Who has taken it can send no longer: what they
    sent was taken for tests, which go to one channel only and of which nobody is told when they fail.
    """
    ApiClient = apps.get_model("clients", "ApiClient")
    Entry = apps.get_model("clients", "HistoricalApiClient")
    client, made = ApiClient.objects.get_or_create(name=TESTS, defaults={"active": False})
    if not made and not client.active:
        return
    client.active = False
    client.save()
    client.refresh_from_db()
    Entry.objects.create(
        **{field.attname: getattr(client, field.attname) for field in ApiClient._meta.concrete_fields},
        history_date=timezone.now(),
        history_type="+" if made else "~",
        history_change_reason="Bleep's own, for tests",
    )


class Migration(migrations.Migration):

    dependencies = [
        ('clients', '0005_days'),
    ]

    operations = [
        migrations.RunPython(reserve, migrations.RunPython.noop),
    ]
