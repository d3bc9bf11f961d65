
import datetime
import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import django.db.models.functions.datetime
import simple_history.models
import spelling.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('contacts', '0002_normal_form'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Plan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', spelling.fields.LineField(help_text='For example “High on wards”.', max_length=80, unique=True)),
                ('active', models.BooleanField(default=True, help_text='An inactive plan asks nobody: alerts are sent as if there were no plan.')),
            ],
            options={
                'ordering': ('name',),
                'permissions': (('view_department_plan', 'Can view the plans and covers of the departments that they manage'),),
            },
        ),
        migrations.CreateModel(
            name='HistoricalCover',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('period', django.contrib.postgres.fields.ranges.DateTimeRangeField()),
                ('reason', spelling.fields.LineField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('by', models.ForeignKey(blank=True, db_constraint=False, help_text='Empty: nobody. Then the next step of a plan begins at once.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='contacts.clinician', verbose_name='who covers')),
                ('clinician', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='contacts.clinician', verbose_name='who is away')),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('made_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical cover',
                'verbose_name_plural': 'historical covers',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalPlan',
            fields=[
                ('steps', models.JSONField(default=list, help_text='Each step in words, in order.')),
                ('uses', models.JSONField(default=list, help_text='Each use in words.')),
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('name', spelling.fields.LineField(db_index=True, help_text='For example “High on wards”.', max_length=80)),
                ('active', models.BooleanField(default=True, help_text='An inactive plan asks nobody: alerts are sent as if there were no plan.')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical plan',
                'verbose_name_plural': 'historical plans',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='HistoricalPlanChoice',
            fields=[
                ('id', models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name='ID')),
                ('priority', models.CharField(choices=[('H', 'High'), ('M', 'Medium'), ('L', 'Low')], max_length=1)),
                ('department', models.CharField(blank=True, help_text="As it is on the clinicians' pages; capitals and spaces do not matter.", max_length=100)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('clinician', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='contacts.clinician')),
                ('history_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('plan', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='oncall.plan')),
            ],
            options={
                'verbose_name': 'historical use of a plan',
                'verbose_name_plural': 'historical uses of plans',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='Cover',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('period', django.contrib.postgres.fields.ranges.DateTimeRangeField()),
                ('reason', spelling.fields.LineField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('by', models.ForeignKey(blank=True, help_text='Empty: nobody. Then the next step of a plan begins at once.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='covers_for', to='contacts.clinician', verbose_name='who covers')),
                ('clinician', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='covers', to='contacts.clinician', verbose_name='who is away')),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ('period',),
                'constraints': [django.contrib.postgres.constraints.ExclusionConstraint(expressions=((models.Func(models.F('clinician'), models.F('clinician'), models.Value('[]'), function='int8range'), '&&'), ('period', '&&')), name='cover_one_at_a_time', violation_error_message="This person's alerts are covered already for a part of that time."), models.CheckConstraint(condition=models.Q(('by', None), models.Q(('by', models.F('clinician')), _negated=True), _connector='OR'), name='cover_is_by_somebody_else', violation_error_message='Nobody covers for themselves.'), models.CheckConstraint(condition=models.Q(('period__endswith__isnull', False), ('period__isempty', False), ('period__startswith__isnull', False)), name='cover_takes_time', violation_error_message='A cover begins before it ends.')],
            },
        ),
        migrations.CreateModel(
            name='PlanChoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('priority', models.CharField(choices=[('H', 'High'), ('M', 'Medium'), ('L', 'Low')], max_length=1)),
                ('department', models.CharField(blank=True, help_text="As it is on the clinicians' pages; capitals and spaces do not matter.", max_length=100)),
                ('department_key', spelling.fields.DerivedField(blank=True, db_default='', default='', editable=False, help_text='The same text for all spellings of the department.')),
                ('clinician', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='plan_choices', to='contacts.clinician')),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='choices', to='oncall.plan')),
            ],
            options={
                'verbose_name': 'use of a plan',
                'verbose_name_plural': 'uses of plans',
                'ordering': ('priority', 'clinician_id', 'department'),
                'constraints': [models.UniqueConstraint(fields=('priority', 'clinician', 'department_key'), name='planchoice_one_plan_for_each', nulls_distinct=False, violation_error_message='Another plan is already chosen for these alerts.'), models.CheckConstraint(condition=models.Q(('priority__in', ['H', 'M', 'L'])), name='planchoice_priority_is_known'), models.CheckConstraint(condition=models.Q(('clinician', None), ('department', ''), _connector='OR'), name='planchoice_is_for_a_person_or_a_department', violation_error_message='Choose a clinician or a department, not both.')],
            },
        ),
        migrations.CreateModel(
            name='PlanStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('target', models.CharField(choices=[('addressed', 'The person the alert is for'), ('named', 'Somebody by name')], default='addressed', max_length=16, verbose_name='who')),
                ('wait', models.DurationField(default=datetime.timedelta(seconds=300), help_text='How long to wait for an answer before the next is asked.')),
                ('clinician', models.ForeignKey(blank=True, help_text='Only where somebody is asked by name.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='contacts.clinician')),
                ('plan', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='oncall.plan')),
            ],
            options={
                'verbose_name': 'step',
                'ordering': ('plan_id', 'position'),
                'constraints': [models.UniqueConstraint(fields=('plan', 'position'), name='planstep_one_per_position'), models.CheckConstraint(condition=models.Q(('position__gte', 1), ('position__lte', 10)), name='planstep_position_is_in_range'), models.CheckConstraint(condition=models.Q(('target__in', ['addressed', 'named'])), name='planstep_target_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('clinician__isnull', False), ('target', 'named')), models.Q(models.Q(('target', 'named'), _negated=True), ('clinician', None)), _connector='OR'), name='planstep_names_somebody_where_it_says_so', violation_error_message='Choose a clinician where somebody is asked by name, and only there.'), models.CheckConstraint(condition=models.Q(('wait__gte', datetime.timedelta(seconds=5)), ('wait__lte', datetime.timedelta(days=1))), name='planstep_wait_is_in_range', violation_error_message='Wait between 5 seconds and 24 hours.')],
            },
        ),
    ]
