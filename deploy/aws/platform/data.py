"""PostgreSQL, which keeps every alert, and Valkey, which carries the ids of due deliveries."""

from aws_cdk import (
    Duration,
    RemovalPolicy,
    aws_ec2 as ec2,
    aws_elasticache as elasticache,
    aws_iam as iam,
    aws_kms as kms,
    aws_rds as rds,
    aws_secretsmanager as secretsmanager,
)
from constructs import Construct

from deploy.aws.parameters import PlatformParameters
from deploy.aws.platform.logs import Logs
from deploy.aws.platform.network import ISOLATED, Network
from deploy.aws.platform.urls import NAME, database_url, redis_url

SESSIONS = 500
"""How many connections PostgreSQL takes. A test compares it with those of all parts while new ones replace them."""
SECRET_CHARACTERS = 64


def random(scope: Construct, name: str, what: str, key: kms.IKey) -> secretsmanager.Secret:
    """A secret of letters and digits, which a URL takes without escapes."""
    return secretsmanager.Secret(
        scope,
        name,
        description=what,
        encryption_key=key,
        generate_secret_string=secretsmanager.SecretStringGenerator(
            exclude_punctuation=True, password_length=SECRET_CHARACTERS
        ),
    )


class Data(Construct):
    """The database and the queue, encrypted, in two zones, with their passwords."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        network: Network,
        key: kms.Key,
        logs: Logs,
        platform: PlatformParameters,
    ) -> None:
        super().__init__(scope, name)
        self._network, self._key, self._platform = network, key, platform
        # Before the database: otherwise RDS makes the groups itself, unencrypted and kept for ever.
        groups = [
            logs.group("Postgres", f"/aws/rds/instance/{NAME}/postgresql"),
            logs.group("Upgrades", f"/aws/rds/instance/{NAME}/upgrade"),
        ]
        self._password = secretsmanager.Secret(
            self,
            "DatabasePassword",
            description="PostgreSQL's user and password",
            encryption_key=key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=f'{{"username": "{NAME}"}}',
                generate_string_key="password",
                exclude_punctuation=True,
                password_length=SECRET_CHARACTERS,
            ),
        )
        self._app_password = random(self, "AppPassword", "Password of the role that owns nothing", key)
        self.database = self._postgres()
        self.database.node.add_dependency(*groups)
        self._token = random(self, "QueuePassword", "Valkey's password", key)
        self.queue = self._valkey()

    @property
    def database_url(self) -> str:
        """DATABASE_URL. Its password is a reference, which CloudFormation fills in."""
        password = self._app_password.secret_value.unsafe_unwrap()
        return database_url(host=self.database.db_instance_endpoint_address, password=password)

    @property
    def owner_url(self) -> str:
        """MIGRATE_DATABASE_URL, made in the same way."""
        password = self._password.secret_value_from_json("password").unsafe_unwrap()
        return database_url(host=self.database.db_instance_endpoint_address, password=password, role=NAME)

    @property
    def redis_url(self) -> str:
        """REDIS_URL, made in the same way."""
        token = self._token.secret_value.unsafe_unwrap()
        return redis_url(host=self.queue.attr_primary_end_point_address, password=token)

    def _postgres(self) -> rds.DatabaseInstance:
        engine = rds.DatabaseInstanceEngine.postgres(version=rds.PostgresEngineVersion.of("18", "18"))
        return rds.DatabaseInstance(
            self,
            "Postgres",
            instance_identifier=NAME,
            engine=engine,
            database_name=NAME,
            credentials=rds.Credentials.from_secret(self._password),
            instance_type=ec2.InstanceType(self._platform.database_class),
            vpc=self._network.vpc,
            vpc_subnets=ISOLATED,
            security_groups=[self._network.database],
            ca_certificate=rds.CaCertificate.RDS_CA_RSA2048_G1,
            multi_az=True,
            storage_type=rds.StorageType.GP3,
            allocated_storage=self._platform.database_gigabytes,
            max_allocated_storage=self._platform.database_gigabytes * 10,
            storage_encrypted=True,
            storage_encryption_key=self._key,
            backup_retention=Duration.days(
                self._platform.backup_days
            ),  # and with this, restoring to any second
            copy_tags_to_snapshot=True,
            delete_automated_backups=False,
            deletion_protection=True,
            removal_policy=RemovalPolicy.SNAPSHOT,
            auto_minor_version_upgrade=True,
            iam_authentication=False,
            cloudwatch_logs_exports=["postgresql", "upgrade"],
            monitoring_interval=Duration.minutes(1),
            monitoring_role=self._monitoring(),
            enable_performance_insights=False,  # it would show statements with their values: texts of alerts
            parameter_group=rds.ParameterGroup(
                self,
                "PostgresSettings",
                engine=engine,
                description="Bleep: no row and no statement in the log, TLS for all",
                parameters={
                    "log_error_verbosity": "terse",
                    "log_min_error_statement": "panic",
                    "max_connections": str(SESSIONS),
                    "rds.force_ssl": "1",
                },
            ),
        )

    def _monitoring(self) -> iam.Role:
        return iam.Role(
            self,
            "Monitoring",
            description="RDS writes the figures of its machines",
            assumed_by=iam.ServicePrincipal("monitoring.rds.amazonaws.com"),
            managed_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name("service-role/AmazonRDSEnhancedMonitoringRole")
            ],
        )

    def _valkey(self) -> elasticache.CfnReplicationGroup:
        subnets = elasticache.CfnSubnetGroup(
            self,
            "QueueSubnets",
            description="Valkey",
            subnet_ids=self._network.vpc.select_subnets(subnet_type=ISOLATED.subnet_type).subnet_ids,
        )
        settings = elasticache.CfnParameterGroup(
            self,
            "QueueSettings",
            description="Bleep: a full queue refuses, and drops nothing",
            cache_parameter_group_family="valkey8",
            properties={"maxmemory-policy": "noeviction"},
        )
        return elasticache.CfnReplicationGroup(
            self,
            "Valkey",
            replication_group_description="Ids of deliveries that are due",
            engine="valkey",
            engine_version="8.0",
            cache_node_type=self._platform.cache_class,
            cache_parameter_group_name=settings.ref,
            cache_subnet_group_name=subnets.ref,
            security_group_ids=[self._network.queue.security_group_id],
            num_cache_clusters=2,
            automatic_failover_enabled=True,
            multi_az_enabled=True,
            at_rest_encryption_enabled=True,
            kms_key_id=self._key.key_arn,
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            auth_token=self._token.secret_value.unsafe_unwrap(),
            auto_minor_version_upgrade=True,
            snapshot_retention_limit=15,
        )
