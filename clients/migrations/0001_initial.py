import django.db.models.deletion
import django.db.models.functions.datetime
import simple_history.models
import spelling.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ApiClient',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', spelling.fields.LineField(max_length=100, unique=True)),
                ('active', models.BooleanField(default=True, help_text="An inactive client's tokens are all refused.")),
                ('requests_per_minute', models.PositiveIntegerField(blank=True, help_text='Left empty, the limit that is set for everybody applies.', null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'verbose_name': 'API client',
                'ordering': ('name',),
                'constraints': [models.CheckConstraint(condition=models.Q(('requests_per_minute', None), ('requests_per_minute__gte', 1), _connector='OR'), name='apiclient_limit_is_positive', violation_error_message='A limit is at least one request a minute.')],
            },
        ),
        migrations.CreateModel(
            name='HistoricalApiClient',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('name', spelling.fields.LineField(db_index=True, max_length=100)),
                ('active', models.BooleanField(default=True, help_text="An inactive client's tokens are all refused.")),
                ('requests_per_minute', models.PositiveIntegerField(blank=True, help_text='Left empty, the limit that is set for everybody applies.', null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical API client',
                'verbose_name_plural': 'historical API clients',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('label', spelling.fields.LineField(blank=True, help_text='Where it is used, such as “lab system, test”.', max_length=100)),
                ('access', models.CharField(choices=[('send', 'Send alerts and read them'), ('read', 'Read alerts only')], default='send', max_length=8)),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('prefix', models.CharField(editable=False, max_length=8, verbose_name='begins with')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('expires_at', models.DateTimeField(blank=True, help_text='Left empty, it does not expire.', null=True)),
                ('rotated_at', models.DateTimeField(editable=False, help_text='When its successor was made.', null=True)),
                ('revoked_at', models.DateTimeField(editable=False, null=True)),
                ('last_used_at', models.DateTimeField(editable=False, help_text='To the minute.', null=True)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to='clients.apiclient')),
            ],
            options={
                'verbose_name': 'API token',
                'ordering': ('client', '-created_at'),
                'constraints': [models.CheckConstraint(condition=models.Q(('access__in', ['send', 'read'])), name='apitoken_access_is_known'), models.CheckConstraint(condition=models.Q(('digest__regex', '^[0-9a-f]{64}$')), name='apitoken_digest_is_sha256')],
            },
        ),
        migrations.CreateModel(
            name='ClientDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(help_text='In TIME_ZONE.')),
                ('requests', models.PositiveIntegerField()),
                ('errors', models.PositiveIntegerField(help_text='Answered with 400 or more.')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='days', to='clients.apiclient')),
            ],
            options={
                'verbose_name': 'day of a client',
                'verbose_name_plural': 'days of clients',
                'constraints': [models.UniqueConstraint(fields=('client', 'day'), name='clientday_once')],
            },
        ),
    ]
