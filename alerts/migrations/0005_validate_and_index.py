from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    """All that reads whole tables, under locks that let alerts be taken and sent meanwhile. Each step is for itself."""

    atomic = False

    dependencies = [
        ('alerts', '0004_heartbeats'),
    ]

    operations = [
        # An index waits for every transaction that is older, a backup's too. Nobody waits behind it, so it may.
        migrations.RunSQL('SET lock_timeout = 0', 'SET lock_timeout = 0'),
        ValidateConstraint(
            model_name='delivery',
            name='delivery_reason_is_known',
        ),
        ValidateConstraint(
            model_name='attempt',
            name='attempt_reason_is_known',
        ),
        AddIndexConcurrently(
            model_name='attempt',
            index=models.Index(fields=['channel', '-started_at'], name='attempt_newest_of_channel'),
        ),
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(condition=models.Q(('handed_over_at__isnull', False), ('state', 'pending')), fields=['priority', 'handed_over_at'], name='delivery_handed_over'),
        ),
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(condition=models.Q(('receipt_due_at__isnull', False), ('state', 'accepted')), fields=['priority', 'receipt_due_at'], name='delivery_receipt_due'),
        ),
        AddIndexConcurrently(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state__in', ('failed', 'unknown', 'undelivered'))), fields=['alert'], name='delivery_ended_badly'),
        ),
        migrations.RunSQL('RESET lock_timeout', 'RESET lock_timeout'),
    ]
