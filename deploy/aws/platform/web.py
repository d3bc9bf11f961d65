"""The load balancer: TLS only, and for the hospital's networks only, unless everybody may open links."""

from aws_cdk import (
    Duration,
    RemovalPolicy,
    aws_certificatemanager as acm,
    aws_ec2 as ec2,
    aws_ecs as ecs,
    aws_elasticloadbalancingv2 as elb,
    aws_route53 as route53,
    aws_route53_targets as targets,
    aws_s3 as s3,
)
from constructs import Construct

from deploy.aws.parameters import PlatformParameters
from deploy.aws.platform.network import DOOR, HTTPS, Network
from deploy.aws.platform.parts.settings import IDLE_SECONDS

NOT_FOUND = 404


class Web(Construct):
    """Port 443, and no other: with a redirect from http to https the token would already have been sent unencrypted."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        network: Network,
        service: ecs.FargateService,
        platform: PlatformParameters,
    ) -> None:
        super().__init__(scope, name)
        self._platform = platform
        self.balancer = elb.ApplicationLoadBalancer(
            self,
            "Balancer",
            vpc=network.vpc,
            internet_facing=True,
            security_group=network.balancer,
            deletion_protection=True,
            drop_invalid_header_fields=True,
            idle_timeout=Duration.seconds(IDLE_SECONDS),
            xff_header_processing_mode=elb.XffHeaderProcessingMode.APPEND,
        )
        if platform.access_log_days:
            self._keep_access_logs(platform.access_log_days)
        for place in platform.allowed_networks:
            network.balancer.add_ingress_rule(ec2.Peer.ipv4(place), ec2.Port.tcp(HTTPS), "The hospital")
        if platform.opens_links_to_all:
            network.balancer.add_ingress_rule(
                ec2.Peer.any_ipv4(), ec2.Port.tcp(HTTPS), "Links in messages; the firewall refuses all else"
            )
        listener = self.balancer.add_listener(
            "Tls",
            port=HTTPS,
            protocol=elb.ApplicationProtocol.HTTPS,
            ssl_policy=elb.SslPolicy.TLS13_RES,
            certificates=[self._certificate()],
            open=False,
        )
        self.doors = listener.add_targets(
            "Doors",
            port=DOOR,
            protocol=elb.ApplicationProtocol.HTTP,
            targets=[service.load_balancer_target(container_name="door", container_port=DOOR)],
            deregistration_delay=Duration.seconds(IDLE_SECONDS + 15),
            health_check=elb.HealthCheck(
                path="/healthz",
                healthy_http_codes="200",
                interval=Duration.seconds(10),
                timeout=Duration.seconds(5),
                healthy_threshold_count=2,
                unhealthy_threshold_count=3,
            ),
        )
        # The door does not publish it either.
        listener.add_action(
            "Metrics",
            priority=1,
            conditions=[elb.ListenerCondition.path_patterns(["/metrics", "/metrics/*"])],
            action=elb.ListenerAction.fixed_response(
                NOT_FOUND, content_type="text/plain", message_body="Not found"
            ),
        )

    def _certificate(self) -> acm.ICertificate:
        if self._platform.certificate_arn:
            return acm.Certificate.from_certificate_arn(self, "Certificate", self._platform.certificate_arn)
        zone = route53.HostedZone.from_hosted_zone_attributes(
            self,
            "Zone",
            hosted_zone_id=self._platform.hosted_zone_id,
            zone_name=self._platform.hosted_zone_name,
        )
        route53.ARecord(
            self,
            "Name",
            zone=zone,
            record_name=self._platform.domain,
            target=route53.RecordTarget.from_alias(targets.LoadBalancerTarget(self.balancer)),
        )
        return acm.Certificate(
            self,
            "Certificate",
            domain_name=self._platform.domain,
            validation=acm.CertificateValidation.from_dns(zone),
        )

    def _keep_access_logs(self, days: int) -> None:
        self.access_logs = s3.Bucket(
            self,
            "AccessLogs",
            encryption=s3.BucketEncryption.S3_MANAGED,  # load balancers write with no other key
            enforce_ssl=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=RemovalPolicy.RETAIN,
            lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(days))],
        )
        self.balancer.log_access_logs(self.access_logs)
