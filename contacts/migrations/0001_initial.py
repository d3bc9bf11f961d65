import contacts.phone
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import simple_history.models
from django.conf import settings
from django.db import migrations, models


def make_ward_default(apps, schema_editor):
    """A template to start with, which staff may use as it is or change."""
    apps.get_model("contacts", "PreferenceTemplate").objects.get_or_create(
        name="Ward default: H call, then SMS; M SMS; L e-mail",
        defaults={"high": ["call", "sms"], "medium": ["sms"], "low": ["email"]},
    )


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Clinician',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('contact_id', models.CharField(help_text='What hospital systems call this person, such as C-1.', max_length=64, unique=True, verbose_name='contact ID')),
                ('name', models.CharField(max_length=200)),
                ('role', models.CharField(blank=True, max_length=100)),
                ('department', models.CharField(blank=True, max_length=100)),
                ('call_number', contacts.phone.E164Field(blank=True, default='', help_text='With its country code, such as +44 7700 900123.', max_length=16, verbose_name='number for calls')),
                ('sms_number', contacts.phone.E164Field(blank=True, default='', help_text='With its country code, such as +44 7700 900123.', max_length=16, verbose_name='number for SMS')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='e-mail address')),
                ('active', models.BooleanField(default=True, help_text='Alerts for an inactive person are refused, and the sender gets an error.')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'ordering': ('name', 'contact_id'),
                'permissions': (('send_test', 'Can send a test message to a clinician'), ('export_clinician', 'Can export clinicians to a file')),
                'constraints': [models.CheckConstraint(condition=models.Q(('contact_id', django.db.models.functions.text.Trim('contact_id')), models.Q(('contact_id', ''), _negated=True)), name='clinician_contact_id_is_trimmed', violation_error_message='A contact ID is not empty and has no spaces around it.'), models.CheckConstraint(condition=models.Q(('call_number', ''), ('call_number__regex', '^\\+[1-9][0-9]{4,14}$'), _connector='OR'), name='clinician_call_number_is_e164'), models.CheckConstraint(condition=models.Q(('sms_number', ''), ('sms_number__regex', '^\\+[1-9][0-9]{4,14}$'), _connector='OR'), name='clinician_sms_number_is_e164')],
            },
        ),
        migrations.CreateModel(
            name='HistoricalClinician',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('channels', models.JSONField(default=dict, help_text='For each priority the channels in order: {"H": ["call", "sms"], …}.')),
                ('contact_id', models.CharField(db_index=True, help_text='What hospital systems call this person, such as C-1.', max_length=64, verbose_name='contact ID')),
                ('name', models.CharField(max_length=200)),
                ('role', models.CharField(blank=True, max_length=100)),
                ('department', models.CharField(blank=True, max_length=100)),
                ('call_number', contacts.phone.E164Field(blank=True, default='', help_text='With its country code, such as +44 7700 900123.', max_length=16, verbose_name='number for calls')),
                ('sms_number', contacts.phone.E164Field(blank=True, default='', help_text='With its country code, such as +44 7700 900123.', max_length=16, verbose_name='number for SMS')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='e-mail address')),
                ('active', models.BooleanField(default=True, help_text='Alerts for an inactive person are refused, and the sender gets an error.')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical clinician',
                'verbose_name_plural': 'historical clinicians',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='PreferenceTemplate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='For example “Ward default”.', max_length=80, unique=True)),
                ('high', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('call', 'Telephone call'), ('sms', 'SMS'), ('email', 'E-mail')], max_length=8), blank=True, default=list, size=None, verbose_name='High priority')),
                ('medium', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('call', 'Telephone call'), ('sms', 'SMS'), ('email', 'E-mail')], max_length=8), blank=True, default=list, size=None, verbose_name='Medium priority')),
                ('low', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('call', 'Telephone call'), ('sms', 'SMS'), ('email', 'E-mail')], max_length=8), blank=True, default=list, size=None, verbose_name='Low priority')),
            ],
            options={
                'ordering': ('name',),
                'constraints': [models.CheckConstraint(condition=models.Q(('high__contained_by', ['call', 'sms', 'email']), ('high__len__lte', 6)), name='preferencetemplate_high_is_known'), models.CheckConstraint(condition=models.Q(('medium__contained_by', ['call', 'sms', 'email']), ('medium__len__lte', 6)), name='preferencetemplate_medium_is_known'), models.CheckConstraint(condition=models.Q(('low__contained_by', ['call', 'sms', 'email']), ('low__len__lte', 6)), name='preferencetemplate_low_is_known'), models.CheckConstraint(condition=models.Q(('high', []), ('low', []), ('medium', []), _negated=True), name='preferencetemplate_is_not_empty', violation_error_message='Choose a channel for at least one priority.')],
            },
        ),
        migrations.CreateModel(
            name='ManagedDepartment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text="As it is on the clinicians' pages; capitals and spaces do not matter.", max_length=100, verbose_name='department')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='managed_departments', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'department',
                'ordering': ('name',),
                'constraints': [models.UniqueConstraint(fields=('user', 'name'), name='manageddepartment_is_unique'), models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='manageddepartment_has_a_name')],
            },
        ),
        migrations.CreateModel(
            name='Preference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('priority', models.CharField(choices=[('H', 'High'), ('M', 'Medium'), ('L', 'Low')], max_length=1)),
                ('position', models.PositiveSmallIntegerField()),
                ('channel', models.CharField(choices=[('call', 'Telephone call'), ('sms', 'SMS'), ('email', 'E-mail')], max_length=8)),
                ('clinician', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='preferences', to='contacts.clinician')),
            ],
            options={
                'ordering': ('clinician_id', 'priority', 'position'),
                'constraints': [models.UniqueConstraint(fields=('clinician', 'priority', 'position'), name='preference_one_per_position'), models.CheckConstraint(condition=models.Q(('priority__in', ['H', 'M', 'L'])), name='preference_priority_is_known'), models.CheckConstraint(condition=models.Q(('channel__in', ['call', 'sms', 'email'])), name='preference_channel_is_known'), models.CheckConstraint(condition=models.Q(('position__gte', 1), ('position__lte', 6)), name='preference_position_is_in_range')],
            },
        ),
        migrations.CreateModel(
            name='Obstacle',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('call', 'Telephone call'), ('sms', 'SMS'), ('email', 'E-mail')], max_length=8)),
                ('address', models.CharField(max_length=254)),
                ('kind', models.CharField(choices=[('opted_out', 'has opted out of SMS'), ('invalid_address', 'was refused by the provider'), ('not_allowed', 'may not be called from our AWS account'), ('unconfirmed', 'is not confirmed')], max_length=16)),
                ('since', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), help_text='When the provider first said so.')),
                ('asked_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), help_text='When the provider last said so.')),
                ('clinician', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='obstacles', to='contacts.clinician')),
            ],
            options={
                'ordering': ('clinician_id', 'channel'),
                'default_permissions': (),
                'constraints': [models.UniqueConstraint(fields=('clinician', 'channel'), name='obstacle_one_per_channel'), models.CheckConstraint(condition=models.Q(('channel__in', ['call', 'sms', 'email'])), name='obstacle_channel_is_known'), models.CheckConstraint(condition=models.Q(('kind__in', ['opted_out', 'invalid_address', 'not_allowed', 'unconfirmed']), models.Q(('kind', 'unconfirmed'), _negated=True)), name='obstacle_kind_is_known'), models.CheckConstraint(condition=models.Q(('address', ''), _negated=True), name='obstacle_has_an_address')],
            },
        ),
        migrations.CreateModel(
            name='EmailSubscription',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.CharField(help_text='In lower case: AWS takes another case for another address.', max_length=254)),
                ('state', models.CharField(choices=[('wanted', 'is not yet made at AWS'), ('pending', 'waits for the person to confirm it'), ('lapsed', 'was not confirmed in time, so AWS has dropped it'), ('confirmed', 'is confirmed'), ('suspended', 'was confirmed, and AWS has suspended it'), ('gone', 'was confirmed, and has been removed: the person may have unsubscribed'), ('refused', 'was refused by AWS'), ('unwanted', 'is being taken away')], db_default='wanted', max_length=9)),
                ('since', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), help_text='Since when the state is known.')),
                ('asked_at', models.DateTimeField(help_text='When AWS last said so.', null=True)),
                ('invited_at', models.DateTimeField(help_text='When AWS last sent the e-mail with the link.', null=True)),
                ('next_look_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), help_text='When to ask AWS. Null: no more.', null=True)),
                ('topic_arn', models.CharField(db_default='', max_length=256)),
                ('subscription_arn', models.CharField(db_default='', max_length=300)),
                ('only_account_unsubscribes', models.BooleanField(db_default=False, help_text='Whether the link in each e-mail cannot unsubscribe.')),
                ('set_up_with', models.CharField(db_default='', help_text='The key that encrypts the topic, or “none”. Empty: not set up yet.', max_length=256)),
                ('clinician', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='email_subscriptions', to='contacts.clinician')),
            ],
            options={
                'default_permissions': (),
                'indexes': [models.Index(fields=['next_look_at'], name='emailsubscription_due')],
                'constraints': [models.UniqueConstraint(fields=('clinician', 'address'), name='emailsubscription_is_unique'), models.CheckConstraint(condition=models.Q(('address', django.db.models.functions.text.Lower('address')), models.Q(('address', ''), _negated=True)), name='emailsubscription_address_is_lower'), models.CheckConstraint(condition=models.Q(('state__in', ['wanted', 'pending', 'lapsed', 'confirmed', 'suspended', 'gone', 'refused', 'unwanted'])), name='emailsubscription_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'confirmed'), _negated=True), models.Q(('subscription_arn', ''), _negated=True), _connector='OR'), name='emailsubscription_confirmed_has_an_arn')],
            },
        ),
        migrations.CreateModel(
            name='FormerAddress',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('call', 'Telephone call'), ('sms', 'SMS'), ('email', 'E-mail')], max_length=8)),
                ('address', models.CharField(max_length=254)),
                ('since', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('next_try_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('clinician', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='former_addresses', to='contacts.clinician')),
            ],
            options={
                'default_permissions': (),
                'indexes': [models.Index(condition=models.Q(('channel', 'email'), _negated=True), fields=['next_try_at'], name='formeraddress_due')],
                'constraints': [models.CheckConstraint(condition=models.Q(('channel__in', ['call', 'sms', 'email'])), name='formeraddress_channel_is_known')],
            },
        ),
        migrations.RunPython(make_ward_default, migrations.RunPython.noop),
    ]
