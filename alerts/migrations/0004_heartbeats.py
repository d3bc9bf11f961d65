import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """Workers say that they are at work, and relays since when."""

    dependencies = [
        ('alerts', '0003_attempt_channel'),
    ]

    operations = [
        migrations.AddField(
            model_name='relayheartbeat',
            name='started_at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.CreateModel(
            name='WorkerHeartbeat',
            fields=[
                ('beat_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('worker', models.CharField(max_length=200, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('urgent', 'urgent deliveries alone'), ('others', 'all deliveries')], max_length=16)),
            ],
            options={
                'abstract': False,
            },
        ),
    ]
