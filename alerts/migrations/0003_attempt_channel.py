from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    """As 0002, for attempts: one table at a time, so that no two locks wait for each other with alerts in between."""

    dependencies = [
        ('alerts', '0002_delivery_receipts'),
    ]

    operations = [
        migrations.AddField(
            model_name='attempt',
            name='channel',
            field=models.CharField(choices=[('call', 'Telephone call'), ('sms', 'SMS'), ('email', 'E-mail')], db_default='', help_text="The delivery's, kept here for the breaker's index; empty on what a version before it wrote.", max_length=8),
        ),
        migrations.AlterField(
            model_name='attempt',
            name='reason',
            field=models.CharField(blank=True, choices=[('throttled', 'The provider asked us to slow down. It is tried again by itself.'), ('quota', 'A quota of the AWS account is used up. Ask AWS for a higher one.'), ('unreachable', "The provider could not be reached. Check the network and AWS's status page."), ('answer_lost', "The provider's answer was lost, so it may or may not have been sent."), ('worker_lost', 'A worker stopped in the middle of sending, so it may or may not have been sent.'), ('invalid_address', "The provider refused this address. Correct it on the clinician's page."), ('opted_out', 'This number has opted out of SMS. The clinician must opt in again.'), ('not_allowed', 'The account may not call this destination. Ask AWS to allow it.'), ('unconfirmed', 'The clinician has not confirmed the e-mail subscription. Ask them to open its link.'), ('refused', 'The provider refused the request. Operators find its code in the attempt.'), ('misconfigured', "Bleep's access to AWS is not set up correctly. Tell the operators."), ('provider_down', 'The provider kept failing, so this channel was given up. The attempts, if any, say why.'), ('busy', 'The line was busy.'), ('not_answered', 'Nobody answered the call.'), ('call_failed', "The call could not be put through. Check the number on the clinician's page."), ('tries_used_up', 'It was tried as often as is allowed for this priority.'), ('too_old', 'It could not be sent in the time that is allowed for this priority.')], max_length=32),
        ),
        # Checked for what is written from now on; what is there is read later, while alerts go on (0005).
        migrations.RemoveConstraint(
            model_name='attempt',
            name='attempt_reason_is_known',
        ),
        AddConstraintNotValid(
            model_name='attempt',
            constraint=models.CheckConstraint(condition=models.Q(('reason__in', ['', 'throttled', 'quota', 'unreachable', 'answer_lost', 'worker_lost', 'invalid_address', 'opted_out', 'not_allowed', 'unconfirmed', 'refused', 'misconfigured', 'provider_down', 'busy', 'not_answered', 'call_failed', 'tries_used_up', 'too_old'])), name='attempt_reason_is_known'),
        ),
    ]
