import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('contacts', '0002_normal_form'),
    ]

    operations = [
        migrations.CreateModel(
            name='Expiry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ended_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), help_text='When it last came to its end; before that, when this row was made.')),
                ('untold', models.JSONField(default=dict, help_text='Rows that have gone, by table, and that are in no `security.expired` yet.')),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Leaver',
            fields=[
                ('clinician', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='leaver', serialize=False, to='contacts.clinician')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='Erasure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('what', models.CharField(help_text='A patient reference or a clinician.', max_length=32)),
                ('digest', models.CharField(help_text='The keyed digest of it.', max_length=64)),
                ('object_id', models.BigIntegerField(help_text="The clinician's number.", null=True)),
                ('by', models.CharField(max_length=200)),
                ('began_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('ended_at', models.DateTimeField(null=True)),
                ('done', models.JSONField(default=dict, help_text='Rows that were blanked or deleted so far, by table.')),
                ('remark', models.CharField(blank=True, default='', help_text='What the certificate adds.', max_length=200)),
            ],
            options={
                'default_permissions': (),
            },
        ),
    ]
