import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models


# The columns that a trigger names are texts, which may expire (audit 0001).
APPEND_ONLY = """
CREATE TRIGGER alerts_alertaction_is_append_only BEFORE UPDATE OR DELETE ON alerts_alertaction
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only('note', 'told');
CREATE TRIGGER alerts_alertaction_is_not_truncated BEFORE TRUNCATE ON alerts_alertaction
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER alerts_response_is_append_only BEFORE UPDATE OR DELETE ON alerts_response
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only('note');
CREATE TRIGGER alerts_response_is_not_truncated BEFORE TRUNCATE ON alerts_response
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
ALTER TABLE alerts_alertaction ENABLE ALWAYS TRIGGER alerts_alertaction_is_append_only;
ALTER TABLE alerts_alertaction ENABLE ALWAYS TRIGGER alerts_alertaction_is_not_truncated;
ALTER TABLE alerts_response ENABLE ALWAYS TRIGGER alerts_response_is_append_only;
ALTER TABLE alerts_response ENABLE ALWAYS TRIGGER alerts_response_is_not_truncated;
"""
NOT_APPEND_ONLY = """
DROP TRIGGER alerts_response_is_not_truncated ON alerts_response;
DROP TRIGGER alerts_response_is_append_only ON alerts_response;
DROP TRIGGER alerts_alertaction_is_not_truncated ON alerts_alertaction;
DROP TRIGGER alerts_alertaction_is_append_only ON alerts_alertaction;
"""

# `failed` follows from what `AlertQuerySet.with_status` says, and a test compares the two. Nothing happens on the way of
# a message that is taken at once. Whoever ends a delivery badly has locked its alert before, and so has staff.
FAILED = """
CREATE FUNCTION alerts_has_failed(alert bigint, state text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT $2 NOT IN ('acknowledged', 'cancelled', 'withdrawn')
       -- While people are asked, the next may be reached.
       AND NOT EXISTS (SELECT FROM alerts_loop WHERE alert_id = $1 AND ended_at IS NULL)
       AND NOT EXISTS (
           SELECT FROM alerts_delivery
           WHERE alert_id = $1 AND notice = '' AND alerts_delivery.state = 'delivered'
       )
       AND NOT EXISTS (
           SELECT FROM alerts_delivery
           WHERE alert_id = $1 AND notice = '' AND alerts_delivery.state NOT IN ('failed', 'unknown', 'undelivered')
             -- Somebody declined, which ends nothing.
             AND NOT (alerts_delivery.state = 'cancelled' AND $2 = 'open')
             AND round = (SELECT max(round) FROM alerts_delivery WHERE alert_id = $1)
       )
$$;
CREATE FUNCTION alerts_delivery_tells_whether_failed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Another delivery may be ending badly, and not see this one; or the other way round.
    IF NEW.state = 'delivered' AND EXISTS (
        SELECT FROM alerts_delivery WHERE alert_id = NEW.alert_id AND id <> NEW.id
    ) THEN
        PERFORM FROM alerts_alert WHERE id = NEW.alert_id FOR NO KEY UPDATE;
    END IF;
    -- Nothing fails because another delivery goes on, so that is looked at only where the alert has failed.
    UPDATE alerts_alert SET failed = NOT failed
    WHERE id = NEW.alert_id AND (failed OR NEW.state IN ('failed', 'unknown', 'undelivered', 'cancelled'))
      AND failed <> alerts_has_failed(id, state);
    RETURN NULL;
END
$$;
CREATE TRIGGER alerts_delivery_of_a_later_try AFTER INSERT ON alerts_delivery
    FOR EACH ROW WHEN (NEW.round > 1 OR NEW.position > 1 OR NEW.engagement_id IS NOT NULL OR NEW.state IN ('failed', 'unknown', 'undelivered', 'cancelled'))
    EXECUTE FUNCTION alerts_delivery_tells_whether_failed();
CREATE TRIGGER alerts_delivery_ends_or_revives AFTER UPDATE OF state ON alerts_delivery
    FOR EACH ROW WHEN (
        OLD.state <> NEW.state
        AND (OLD.state IN ('failed', 'unknown', 'undelivered', 'cancelled')
             OR NEW.state IN ('failed', 'unknown', 'undelivered', 'cancelled', 'delivered'))
    )
    EXECUTE FUNCTION alerts_delivery_tells_whether_failed();
CREATE FUNCTION alerts_alert_tells_whether_failed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.failed := alerts_has_failed(NEW.id, NEW.state);
    RETURN NEW;
END
$$;
CREATE TRIGGER alerts_alert_is_decided BEFORE UPDATE OF state ON alerts_alert
    FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION alerts_alert_tells_whether_failed();
CREATE FUNCTION alerts_loop_tells_whether_failed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE alerts_alert SET failed = NOT failed
    WHERE id = NEW.alert_id AND failed <> alerts_has_failed(id, state);
    RETURN NULL;
END
$$;
CREATE TRIGGER alerts_loop_ends_or_goes_on AFTER UPDATE OF ended_at ON alerts_loop
    FOR EACH ROW WHEN ((OLD.ended_at IS NULL) <> (NEW.ended_at IS NULL))
    EXECUTE FUNCTION alerts_loop_tells_whether_failed();
-- Most of what failed is closed, and all else is open: so PostgreSQL knows that few alerts need attention.
CREATE STATISTICS alerts_alert_failed_and_state (mcv) ON failed, state FROM alerts_alert;
"""
NOT_FAILED = """
DROP STATISTICS alerts_alert_failed_and_state;
DROP TRIGGER alerts_loop_ends_or_goes_on ON alerts_loop;
DROP FUNCTION alerts_loop_tells_whether_failed();
DROP TRIGGER alerts_alert_is_decided ON alerts_alert;
DROP FUNCTION alerts_alert_tells_whether_failed();
DROP TRIGGER alerts_delivery_ends_or_revives ON alerts_delivery;
DROP TRIGGER alerts_delivery_of_a_later_try ON alerts_delivery;
DROP FUNCTION alerts_delivery_tells_whether_failed();
DROP FUNCTION alerts_has_failed(bigint, text);
"""

# By default a table is left alone until a fifth of it is dead, or a tenth of it has changed: with millions of rows that
# is a month. The indexes of what is due would fill with dead entries, and the planner would not know how much waits.
VACUUMED = """
ALTER TABLE alerts_delivery SET (
    autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0.01
);
ALTER TABLE alerts_attempt SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE alerts_alert SET (autovacuum_analyze_scale_factor = 0.02);
"""
NOT_VACUUMED = """
ALTER TABLE alerts_alert RESET (autovacuum_analyze_scale_factor);
ALTER TABLE alerts_attempt RESET (autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
ALTER TABLE alerts_delivery RESET (
    autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, autovacuum_analyze_scale_factor
);
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('audit', '0001_initial'),
        ('clients', '0001_initial'),
        ('contacts', '0002_normal_form'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Alert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_test', models.BooleanField(default=False, help_text='Sent by staff to try one channel; in no statistics.', verbose_name='channel test')),
                ('message_id', models.CharField(max_length=128, verbose_name='message ID')),
                ('type', models.CharField(max_length=64)),
                ('patient_id', models.CharField(max_length=64, verbose_name='patient reference')),
                ('contact_id', models.CharField(help_text='As it was sent: it may have changed since.', max_length=64, verbose_name='contact ID')),
                ('description', models.CharField(max_length=1100)),
                ('priority', models.CharField(choices=[('H', 'High'), ('M', 'Medium'), ('L', 'Low')], max_length=1)),
                ('state', models.CharField(choices=[('open', 'Open'), ('acknowledged', 'Acknowledged'), ('cancelled', 'Cancelled'), ('closed', 'Dealt with'), ('withdrawn', 'Withdrawn')], default='open', max_length=16)),
                ('failed', models.BooleanField(db_default=False, default=False, editable=False, help_text='Whether its status is “failed”, for indexes. Triggers keep it.')),
                ('has_loop', models.BooleanField(db_default=False, default=False, editable=False, help_text='Whether somebody is asked to take it on: it had a plan when it was taken.')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('withdrawn_at', models.DateTimeField(editable=False, help_text='When its sender withdrew it.', null=True)),
                ('client', models.ForeignKey(blank=True, db_index=False, help_text='Empty for a channel test: Bleep sends it itself.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='alerts', to='clients.apiclient', verbose_name='hospital system')),
                ('clinician', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='alerts', to='contacts.clinician')),
            ],
            options={
                'ordering': ('-created_at', '-id'),
                'permissions': (('take_alert', 'Can say that they are on an alert'), ('resend_alert', 'Can resend alert'), ('forward_alert', 'Can send alert to somebody else'), ('cancel_alert', 'Can cancel alert'), ('close_alert', 'Can mark alert as dealt with'), ('export_alert', 'Can export alerts to a file'), ('view_department_alert', 'Can view alerts of their departments'), ('view_answers', 'Can view the report of answers'), ('ask_aws', 'Can ask AWS whether Bleep can send')),
                'indexes': [
                    models.Index(fields=['-created_at', '-id'], name='alert_newest'),
                    models.Index(fields=['client', '-created_at', '-id'], name='alert_newest_of_client'),
                    models.Index(fields=['patient_id'], name='alert_of_patient'),
                    models.Index(condition=models.Q(('failed', True)), fields=['-created_at', '-id'], name='alert_failed'),
                    models.Index(condition=models.Q(('state', 'open'), _negated=True), fields=['-created_at', '-id'], name='alert_decided'),
                    models.Index(condition=models.Q(('is_test', True)), fields=['-created_at', '-id'], name='alert_tests'),
                    models.Index(condition=models.Q(('description', '(expired)'), ('patient_id', '(expired)'), ('type', '(expired)'), _negated=True), fields=['created_at', 'id'], name='alert_with_text'),
                    models.Index(condition=models.Q(('has_loop', True), ('state', 'open')), fields=['created_at', 'id'], name='alert_unanswered'),
                    models.Index(condition=models.Q(('has_loop', True)), fields=['created_at'], name='alert_asked_about'),
                    models.Index(condition=models.Q(('failed', True), ('is_test', False), ('state', 'open')), fields=['-created_at', '-id'], name='alert_needs_attention'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('message_id',), name='alert_message_id_is_unique'),
                    models.CheckConstraint(condition=models.Q(('priority__in', ['H', 'M', 'L'])), name='alert_priority_is_known'),
                    models.CheckConstraint(condition=models.Q(('state__in', ['open', 'acknowledged', 'cancelled', 'closed', 'withdrawn'])), name='alert_state_is_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('client', None), ('is_test', True)), models.Q(('client__isnull', False), ('is_test', False)), _connector='OR'), name='alert_has_a_client_unless_it_is_a_test'),
                    models.CheckConstraint(condition=models.Q(models.Q(('message_id', ''), _negated=True), models.Q(('type', ''), _negated=True), models.Q(('patient_id', ''), _negated=True), models.Q(('description', ''), _negated=True)), name='alert_has_no_blanks'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Engagement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(help_text='In the order in which people were asked, from 1.')),
                ('step', models.PositiveSmallIntegerField(help_text="The plan's step, counted from 0; empty if staff asked.", null=True)),
                ('why', models.CharField(choices=[('addressed', 'The alert is for them'), ('named', 'Named in the plan'), ('cover', 'Covers for a colleague'), ('staff', 'Asked by staff')], max_length=16)),
                ('state', models.CharField(choices=[('asked', 'Asked'), ('accepted', 'Accepted'), ('declined', 'Declined'), ('undefined', 'No answer in time'), ('unreachable', 'Could not be reached'), ('withdrawn', 'No longer asked')], default='asked', max_length=16)),
                ('asked_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('due_at', models.DateTimeField(help_text='Until when an answer is in time.')),
                ('ended_at', models.DateTimeField(help_text='When they answered, or were no longer waited for.', null=True)),
                ('alert', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='engagements', to='alerts.alert')),
                ('clinician', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='engagements', to='contacts.clinician')),
            ],
            options={
                'ordering': ('alert_id', 'number'),
                'default_permissions': (),
                'constraints': [
                    models.UniqueConstraint(fields=('alert', 'number'), name='engagement_number_is_unique'),
                    models.UniqueConstraint(condition=models.Q(('state', 'accepted')), fields=('alert',), name='engagement_one_holder'),
                    models.UniqueConstraint(condition=models.Q(('state', 'asked')), fields=('alert', 'clinician'), name='engagement_asked_once_at_a_time'),
                    models.CheckConstraint(condition=models.Q(('state__in', ['asked', 'accepted', 'declined', 'undefined', 'unreachable', 'withdrawn'])), name='engagement_state_is_known'),
                    models.CheckConstraint(condition=models.Q(('why__in', ['addressed', 'named', 'cover', 'staff'])), name='engagement_why_is_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('state', 'asked')), models.Q(models.Q(('state', 'asked'), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='engagement_ended_is_dated'),
                ],
            },
        ),
        migrations.CreateModel(
            name='RelayHeartbeat',
            fields=[
                ('beat_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('clock_offset_seconds', models.FloatField(help_text="How far its host's clock is ahead of the database's, if it could be measured.", null=True)),
                ('relay', models.CharField(max_length=200, primary_key=True, serialize=False)),
                ('started_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('sent_itself_at', models.DateTimeField(help_text='When it last sent a High delivery itself because no worker took it.', null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='WorkerHeartbeat',
            fields=[
                ('beat_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('clock_offset_seconds', models.FloatField(help_text="How far its host's clock is ahead of the database's, if it could be measured.", null=True)),
                ('worker', models.CharField(max_length=200, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('urgent', 'urgent deliveries alone'), ('others', 'all deliveries')], max_length=16)),
                ('worked_at', models.DateTimeField(help_text='When it last began a task.', null=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='WriteProbe',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('written_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='BlankedAlert',
            fields=[
                ('alert', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='blanked', serialize=False, to='alerts.alert')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('digest', models.CharField(max_length=64)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='AlertAction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('action', models.CharField(choices=[('take', 'I am on it'), ('hand_back', 'Hand back'), ('resend', 'Send again'), ('forward', 'Send to somebody else'), ('cancel', 'Cancel'), ('close', 'Mark as dealt with'), ('reopen', 'Undo “dealt with”')], max_length=16)),
                ('note', models.CharField(blank=True, max_length=500)),
                ('outcome', models.CharField(blank=True, choices=[('by_telephone', 'Told by telephone'), ('in_person', 'Told in person'), ('taken_over', 'Somebody else took it'), ('arrived', 'It had arrived after all'), ('not_needed', 'Not needed any more')], help_text='How it was dealt with, if it was.', max_length=16)),
                ('told', models.CharField(blank=True, help_text='Whom staff told.', max_length=200)),
                ('round', models.PositiveSmallIntegerField(help_text='Which round a resend started.', null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('alert', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='actions', to='alerts.alert')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('sent_on_as', models.OneToOneField(help_text='The alert that somebody else got instead.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='sent_on_by', to='alerts.alert')),
                ('asked', models.OneToOneField(help_text='By which somebody else is asked to take on an alert that has a plan.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='asked_by', to='alerts.engagement')),
            ],
            options={
                'ordering': ('created_at', 'id'),
                'default_permissions': (),
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('action__in', ['take', 'hand_back', 'resend', 'forward', 'cancel', 'close', 'reopen'])), name='alertaction_action_is_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('action', 'resend'), ('round__isnull', False)), models.Q(models.Q(('action', 'resend'), _negated=True), ('round', None)), _connector='OR'), name='alertaction_resend_has_a_round'),
                    models.CheckConstraint(condition=models.Q(('outcome__in', ['', 'by_telephone', 'in_person', 'taken_over', 'arrived', 'not_needed'])), name='alertaction_outcome_is_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('action', 'close'), models.Q(('outcome', ''), _negated=True)), models.Q(models.Q(('action', 'close'), _negated=True), ('outcome', ''), ('told', '')), _connector='OR'), name='alertaction_dealt_with_has_an_outcome'),
                    models.CheckConstraint(condition=models.Q(models.Q(('outcome__in', ('by_telephone', 'in_person', 'taken_over')), _negated=True), models.Q(('told', ''), _negated=True), _connector='OR'), name='alertaction_told_is_named'),
                    models.CheckConstraint(condition=models.Q(models.Q(('action', 'forward'), ('asked', None), ('sent_on_as__isnull', False)), models.Q(('action', 'forward'), ('asked__isnull', False), ('sent_on_as', None)), models.Q(models.Q(('action', 'forward'), _negated=True), ('asked', None), ('sent_on_as', None)), _connector='OR'), name='alertaction_sent_on_is_an_alert'),
                    models.UniqueConstraint(fields=('alert', 'round'), name='alertaction_one_resend_per_round'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('notice', models.CharField(blank=True, choices=[('taken', 'Somebody else has accepted'), ('ended', 'The alert has ended'), ('accepted', 'Your acceptance is recorded'), ('declined', 'Your refusal is recorded'), ('late', 'The alert had ended before your answer'), ('not_understood', 'Your answer was not understood')], db_default='', default='', help_text='What it tells, if it asks for nothing: then it says nothing about how the alert stands.', max_length=16)),
                ('priority', models.CharField(choices=[('H', 'High'), ('M', 'Medium'), ('L', 'Low')], help_text="The alert's, kept here for the relay's index.", max_length=1)),
                ('channel', models.CharField(choices=[('call', 'Telephone call'), ('sms', 'SMS'), ('email', 'E-mail')], max_length=8)),
                ('address', models.CharField(help_text='As it was when the delivery was made.', max_length=254)),
                ('round', models.PositiveSmallIntegerField(default=1, help_text='A deliberate resend starts another round.')),
                ('skipped', models.JSONField(blank=True, db_default=[], default=list, help_text='Channels that were chosen and left out when the delivery was made, and why.')),
                ('position', models.PositiveSmallIntegerField(db_default=1, default=1, help_text='Its place among the deliveries of its round.')),
                ('state', models.CharField(choices=[('pending', 'Waiting'), ('sending', 'Being sent'), ('sent', 'Sent'), ('delivered', 'Picked up'), ('undelivered', 'Not picked up'), ('failed', 'Failed'), ('unknown', 'Unknown'), ('cancelled', 'Cancelled')], default='pending', max_length=16)),
                ('reason', models.CharField(blank=True, choices=[('throttled', 'Throttled'), ('quota', 'Quota'), ('unreachable', 'Unreachable'), ('answer_lost', 'Answer Lost'), ('worker_lost', 'Worker Lost'), ('out_of_time', 'Out Of Time'), ('invalid_address', 'Invalid Address'), ('opted_out', 'Opted Out'), ('too_long', 'Too Long'), ('invalid_text', 'Invalid Text'), ('not_allowed', 'Not Allowed'), ('unconfirmed', 'Unconfirmed'), ('refused', 'Refused'), ('misconfigured', 'Misconfigured'), ('provider_down', 'Provider Down'), ('busy', 'Busy'), ('not_answered', 'Not Answered'), ('call_failed', 'Call Failed'), ('tries_used_up', 'Tries Used Up'), ('too_old', 'Too Old'), ('stopped', 'Stopped')], max_length=32)),
                ('possible_duplicate', models.BooleanField(default=False, help_text='Sent again although it may have been sent before.')),
                ('provider_id', models.CharField(blank=True, max_length=256)),
                ('available_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), help_text='Not to be sent before.')),
                ('begins_at', models.DateTimeField(help_text='When the pause ends, where a channel is tried again in the same round.', null=True)),
                ('handed_over_at', models.DateTimeField(help_text='When the relay last gave it to Celery.', null=True)),
                ('outcome_due_at', models.DateTimeField(help_text='When to ask the provider what became of it.', null=True)),
                ('outcome_at', models.DateTimeField(help_text='When the provider said what became of it.', null=True)),
                ('lease_token', models.UUIDField(null=True)),
                ('lease_expires_at', models.DateTimeField(null=True)),
                ('attempt_count', models.PositiveSmallIntegerField(default=0, help_text='The number of the latest attempt.')),
                ('traceparent', models.CharField(blank=True, db_default='', default='', help_text='The trace it belongs to (W3C), if there is one.', max_length=55)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('finished_at', models.DateTimeField(null=True)),
                ('alert', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='alerts.alert')),
                ('clinician', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='contacts.clinician')),
                ('engagement', models.ForeignKey(db_index=False, help_text='By which its person is asked for an answer; empty where nobody is asked.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='alerts.engagement')),
            ],
            options={
                'verbose_name_plural': 'deliveries',
                'ordering': ('created_at', 'id'),
                'indexes': [
                    models.Index(condition=models.Q(('state', 'pending')), fields=['priority', 'available_at'], name='delivery_due'),
                    models.Index(condition=models.Q(('state', 'sending')), fields=['lease_expires_at'], name='delivery_leased'),
                    models.Index(condition=models.Q(('handed_over_at__isnull', False), ('state', 'pending')), fields=['priority', 'handed_over_at'], name='delivery_handed_over'),
                    models.Index(condition=models.Q(('engagement__isnull', False)), fields=['engagement'], name='delivery_of_engagement'),
                    models.Index(condition=models.Q(('outcome_due_at__isnull', False)), fields=['priority', 'outcome_due_at'], name='delivery_outcome_due'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('clinician', 'alert', 'engagement', 'round', 'position'), name='delivery_once_per_position', nulls_distinct=False),
                    models.CheckConstraint(condition=models.Q(('notice__in', ['', 'taken', 'ended', 'accepted', 'declined', 'late', 'not_understood'])), name='delivery_notice_is_known'),
                    models.CheckConstraint(condition=models.Q(('priority__in', ['H', 'M', 'L'])), name='delivery_priority_is_known'),
                    models.CheckConstraint(condition=models.Q(('channel__in', ['call', 'sms', 'email'])), name='delivery_channel_is_known'),
                    models.CheckConstraint(condition=models.Q(('state__in', ['pending', 'sending', 'sent', 'delivered', 'undelivered', 'failed', 'unknown', 'cancelled'])), name='delivery_state_is_known'),
                    models.CheckConstraint(condition=models.Q(('reason__in', ['', 'throttled', 'quota', 'unreachable', 'answer_lost', 'worker_lost', 'out_of_time', 'invalid_address', 'opted_out', 'too_long', 'invalid_text', 'not_allowed', 'unconfirmed', 'refused', 'misconfigured', 'provider_down', 'busy', 'not_answered', 'call_failed', 'tries_used_up', 'too_old', 'stopped'])), name='delivery_reason_is_known'),
                    models.CheckConstraint(condition=models.Q(('address', ''), _negated=True), name='delivery_has_an_address'),
                    models.CheckConstraint(condition=models.Q(models.Q(('lease_expires_at__isnull', False), ('lease_token__isnull', False), ('state', 'sending')), models.Q(models.Q(('state', 'sending'), _negated=True), ('lease_expires_at', None), ('lease_token', None)), _connector='OR'), name='delivery_sending_has_a_lease'),
                    models.CheckConstraint(condition=models.Q(models.Q(('state__in', ('failed', 'unknown', 'undelivered')), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='delivery_failure_has_a_reason'),
                    models.CheckConstraint(condition=models.Q(models.Q(('state__in', ('sent', 'delivered')), _negated=True), models.Q(('provider_id', ''), _negated=True), _connector='OR'), name='delivery_sent_has_a_provider_id'),
                    models.CheckConstraint(condition=models.Q(models.Q(('finished_at', None), ('state__in', ('pending', 'sending'))), models.Q(models.Q(('state__in', ('pending', 'sending')), _negated=True), ('finished_at__isnull', False)), _connector='OR'), name='delivery_finished_is_dated'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('call', 'Telephone call'), ('sms', 'SMS'), ('email', 'E-mail')], help_text="The delivery's, copied for the breaker's index.", max_length=8)),
                ('number', models.PositiveSmallIntegerField()),
                ('state', models.CharField(choices=[('calling', 'Calling the provider'), ('sent', 'Sent'), ('throttled', "Over the provider's limit"), ('unsent', 'Not sent'), ('rejected', 'Rejected'), ('unknown', 'Unknown')], default='calling', max_length=16)),
                ('reason', models.CharField(blank=True, choices=[('throttled', 'Throttled'), ('quota', 'Quota'), ('unreachable', 'Unreachable'), ('answer_lost', 'Answer Lost'), ('worker_lost', 'Worker Lost'), ('out_of_time', 'Out Of Time'), ('invalid_address', 'Invalid Address'), ('opted_out', 'Opted Out'), ('too_long', 'Too Long'), ('invalid_text', 'Invalid Text'), ('not_allowed', 'Not Allowed'), ('unconfirmed', 'Unconfirmed'), ('refused', 'Refused'), ('misconfigured', 'Misconfigured'), ('provider_down', 'Provider Down'), ('busy', 'Busy'), ('not_answered', 'Not Answered'), ('call_failed', 'Call Failed'), ('tries_used_up', 'Tries Used Up'), ('too_old', 'Too Old'), ('stopped', 'Stopped')], max_length=32)),
                ('code', models.CharField(blank=True, help_text="The provider's own error code.", max_length=100)),
                ('provider_id', models.CharField(blank=True, max_length=256)),
                ('late', models.BooleanField(default=False, help_text='The answer came after the lease had run out.')),
                ('started_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('finished_at', models.DateTimeField(null=True)),
                ('delivery', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='attempts', to='alerts.delivery')),
            ],
            options={
                'ordering': ('number',),
                'indexes': [
                    models.Index(fields=['channel', '-started_at'], name='attempt_newest_of_channel'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('delivery', 'number'), name='attempt_number_is_unique'),
                    models.UniqueConstraint(condition=models.Q(('state', 'calling')), fields=('delivery',), name='attempt_one_calling'),
                    models.CheckConstraint(condition=models.Q(('channel__in', ['call', 'sms', 'email'])), name='attempt_channel_is_known'),
                    models.CheckConstraint(condition=models.Q(('state__in', ['calling', 'sent', 'throttled', 'unsent', 'rejected', 'unknown'])), name='attempt_state_is_known'),
                    models.CheckConstraint(condition=models.Q(('reason__in', ['', 'throttled', 'quota', 'unreachable', 'answer_lost', 'worker_lost', 'out_of_time', 'invalid_address', 'opted_out', 'too_long', 'invalid_text', 'not_allowed', 'unconfirmed', 'refused', 'misconfigured', 'provider_down', 'busy', 'not_answered', 'call_failed', 'tries_used_up', 'too_old', 'stopped'])), name='attempt_reason_is_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('state', 'sent'), _negated=True), models.Q(('provider_id', ''), _negated=True), _connector='OR'), name='attempt_sent_has_a_provider_id'),
                    models.CheckConstraint(condition=models.Q(('state__in', ('calling', 'sent')), models.Q(('reason', ''), _negated=True), _connector='OR'), name='attempt_failure_has_a_reason'),
                    models.CheckConstraint(condition=models.Q(models.Q(('finished_at', None), ('state', 'calling')), models.Q(models.Q(('state', 'calling'), _negated=True), ('finished_at__isnull', False)), _connector='OR'), name='attempt_finished_is_dated'),
                ],
            },
        ),
        migrations.CreateModel(
            name='AnswerLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('expires_at', models.DateTimeField()),
                ('wrong_codes', models.PositiveSmallIntegerField(db_default=0, default=0, help_text='How often wrong digits were entered: then it is closed.')),
                ('delivery', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='links', to='alerts.delivery')),
            ],
            options={
                'default_permissions': (),
                'indexes': [models.Index(fields=['expires_at'], name='answerlink_expires')],
            },
        ),
        migrations.CreateModel(
            name='Refusal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('contact_id', models.CharField(blank=True, help_text='As it was sent. Empty if it could not be read, or if there are too many.', max_length=64, verbose_name='contact ID')),
                ('reason', models.CharField(choices=[('unknown_contact', 'There is no clinician with this contact ID'), ('inactive', 'The clinician is marked as inactive'), ('no_preference', 'The clinician has no channel chosen for this priority'), ('no_address', 'The clinician has no address for any channel chosen for this priority'), ('email_unconfirmed', "The clinician's e-mail address is not confirmed"), ('message_id_taken', 'Another hospital system has used the message ID'), ('conflict', 'The system has used the message ID for another alert'), ('invalid', 'A field is missing or not valid'), ('unreadable', 'The request could not be read'), ('read_only_token', "The system's token may only read")], max_length=32, verbose_name='why')),
                ('priority', models.CharField(blank=True, choices=[('H', 'High'), ('M', 'Medium'), ('L', 'Low')], help_text='Empty if it could not be read.', max_length=1)),
                ('message_ids', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=128), default=list, help_text='Of the first 20 different ones.', size=None, verbose_name='message IDs')),
                ('has_more_ids', models.BooleanField(default=False, help_text='Some message IDs are not among those.')),
                ('requests', models.PositiveIntegerField(default=1, help_text='A system may repeat an alert.')),
                ('first_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='first')),
                ('last_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='last')),
                ('seen_at', models.DateTimeField(null=True, verbose_name='seen')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='refusals', to='clients.apiclient', verbose_name='hospital system')),
                ('seen_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'refused alert',
                'ordering': ('-last_at', '-id'),
                'permissions': (('see_refusal', 'Can mark refused alert as seen'),),
                'default_permissions': ('view',),
                'indexes': [
                    models.Index(fields=['-last_at', '-id'], name='refusal_newest'),
                ],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('seen_at', None)), fields=('client', 'contact_id', 'reason', 'priority'), name='refusal_one_open'),
                    models.CheckConstraint(condition=models.Q(('reason__in', ['unknown_contact', 'inactive', 'no_preference', 'no_address', 'email_unconfirmed', 'message_id_taken', 'conflict', 'invalid', 'unreadable', 'read_only_token'])), name='refusal_reason_is_known'),
                    models.CheckConstraint(condition=models.Q(('priority__in', ['', 'H', 'M', 'L'])), name='refusal_priority_is_known'),
                    models.CheckConstraint(condition=models.Q(models.Q(('seen_at', None), ('seen_by', None)), models.Q(('seen_at__isnull', False), ('seen_by__isnull', False)), _connector='OR'), name='refusal_seen_by_somebody'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ReplyCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.CharField(help_text='The number or the e-mail address that got it.', max_length=254)),
                ('code', models.CharField(max_length=4)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('ended_at', models.DateTimeField(help_text='When its alert was first seen to have ended.', null=True)),
                ('released_at', models.DateTimeField(null=True)),
                ('engagement', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='codes', to='alerts.engagement')),
            ],
            options={
                'default_permissions': (),
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('released_at', None)), fields=('address', 'code'), name='replycode_is_unique_for_an_address'),
                    models.UniqueConstraint(fields=('address', 'engagement'), name='replycode_one_per_address'),
                    models.CheckConstraint(condition=models.Q(('code__regex', '^[0-9]{4}$')), name='replycode_is_four_digits'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Response',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('accept', 'Accept'), ('decline', 'Decline'), ('hand_back', 'Hand back')], max_length=16)),
                ('proof', models.CharField(choices=[('call_key', 'Key pressed in a call'), ('sms', 'Reply by SMS'), ('link', 'Link in a message'), ('staff', 'Entered by staff')], max_length=16)),
                ('evidence', models.CharField(help_text='What names this answer where it came from: the same answer comes once.', max_length=200)),
                ('provider_at', models.DateTimeField(help_text="When they answered, by the provider's clock.", null=True)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), help_text='When Bleep took the answer.')),
                ('effect', models.CharField(choices=[('applied', 'Applied'), ('already_taken', 'Already taken on'), ('too_late', 'The alert had ended'), ('not_understood', 'Not understood')], max_length=16)),
                ('note', models.CharField(blank=True, default='', help_text='How staff know.', max_length=500)),
                ('alert', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='responses', to='alerts.alert')),
                ('by', models.ForeignKey(db_index=False, help_text='Who entered it, if staff did.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('delivery', models.ForeignKey(db_index=False, help_text='The message that was answered, if it is known.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='alerts.delivery')),
                ('engagement', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='responses', to='alerts.engagement')),
            ],
            options={
                'ordering': ('at', 'id'),
                'default_permissions': (),
                'constraints': [
                    models.UniqueConstraint(fields=('proof', 'evidence'), name='response_once_per_evidence'),
                    models.CheckConstraint(condition=models.Q(('kind__in', ['accept', 'decline', 'hand_back'])), name='response_kind_is_known'),
                    models.CheckConstraint(condition=models.Q(('proof__in', ['call_key', 'sms', 'link', 'staff'])), name='response_proof_is_known'),
                    models.CheckConstraint(condition=models.Q(('effect__in', ['applied', 'already_taken', 'too_late', 'not_understood'])), name='response_effect_is_known'),
                    models.CheckConstraint(condition=models.Q(('evidence', ''), _negated=True), name='response_has_evidence'),
                    models.CheckConstraint(condition=models.Q(models.Q(('by__isnull', False), ('proof', 'staff')), models.Q(models.Q(('proof', 'staff'), _negated=True), ('by', None), ('note', '')), _connector='OR'), name='response_of_staff_names_them'),
                ],
            },
        ),
        migrations.CreateModel(
            name='InboundMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider_id', models.CharField(max_length=200, unique=True)),
                ('sender', models.CharField(help_text='The number it came from.', max_length=32, verbose_name='from')),
                ('text', models.CharField(max_length=1600)),
                ('received_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='came in')),
                ('effect', models.CharField(choices=[('applied', 'Applied'), ('already_taken', 'Already taken on'), ('too_late', 'The alert had ended'), ('not_understood', 'Not understood')], max_length=16)),
                ('response', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='inbound', to='alerts.response')),
            ],
            options={
                'verbose_name': 'reply by SMS',
                'verbose_name_plural': 'replies by SMS',
                'ordering': ('-received_at', '-id'),
                'default_permissions': ('view',),
                'indexes': [
                    models.Index(fields=['-received_at', '-id'], name='inboundmessage_newest'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('effect__in', ['applied', 'already_taken', 'too_late', 'not_understood'])), name='inboundmessage_effect_is_known'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Loop',
            fields=[
                ('alert', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='loop', serialize=False, to='alerts.alert')),
                ('plan', models.JSONField(help_text='The plan as it was when the alert was taken: `oncall.plans.FrozenPlan`.')),
                ('next_step', models.PositiveSmallIntegerField(db_default=0, default=0, help_text="Which of the plan's steps comes next, counted from 0.")),
                ('due_at', models.DateTimeField(help_text='When the next step begins.', null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('outcome', models.CharField(blank=True, choices=[('accepted', 'Somebody accepted'), ('exhausted', 'Nobody is left to ask'), ('ended', 'The alert was ended')], db_default='', default='', max_length=16)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'default_permissions': (),
                'indexes': [models.Index(condition=models.Q(('ended_at', None)), fields=['due_at'], name='loop_due')],
                'constraints': [models.CheckConstraint(condition=models.Q(('outcome__in', ['', 'accepted', 'exhausted', 'ended'])), name='loop_outcome_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('due_at__isnull', False), ('ended_at', None), ('outcome', '')), models.Q(('due_at', None), ('ended_at__isnull', False), models.Q(('outcome', ''), _negated=True)), _connector='OR'), name='loop_is_due_until_it_ends')],
            },
        ),
        migrations.RunSQL(APPEND_ONLY, NOT_APPEND_ONLY),
        migrations.RunSQL(FAILED, NOT_FAILED),
        migrations.RunSQL(VACUUMED, NOT_VACUUMED),
    ]
