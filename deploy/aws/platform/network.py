"""The network: who may reach whom."""

from aws_cdk import Fn, aws_ec2 as ec2
from constructs import Construct

from deploy.aws.platform.logs import FOLDER, Logs
from deploy.aws.platform.urls import POSTGRES, REDIS

DOOR, HTTPS = 8000, 443
ADDRESSES = "10.0.0.0/16"
PRIVATE = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
ISOLATED = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)


class Network(Construct):
    """Two zones. The load balancer is public, the parts of Bleep can only connect outwards, and the data not even
    that.
    """

    def __init__(self, scope: Construct, name: str, *, logs: Logs) -> None:
        super().__init__(scope, name)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(ADDRESSES),
            # By position, so that the template is the same for every account of a Region.
            availability_zones=[Fn.select(place, Fn.get_azs()) for place in (0, 1)],
            nat_gateways=2,  # one in each zone: messages go out even while the other zone is down
            restrict_default_security_group=True,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Public",
                    subnet_type=ec2.SubnetType.PUBLIC,
                    cidr_mask=24,
                    map_public_ip_on_launch=False,
                ),
                ec2.SubnetConfiguration(
                    name="Parts", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=22
                ),
                ec2.SubnetConfiguration(
                    name="Data", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=24
                ),
            ],
        )
        self.vpc.add_flow_log(
            "FlowLog",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(logs.group("Flow", f"{FOLDER}network")),
        )
        # Images of containers come through S3, without the price of a NAT gateway.
        self.vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        self.balancer = self._group("Balancer", "Load balancer")
        self.web = self._group("WebParts", "Door and web services")
        self.senders = self._group("Senders", "Relays, workers, migrations")
        self.database = self._group("Database", "PostgreSQL")
        self.queue = self._group("Queue", "Valkey")
        self._let_through()

    def _let_through(self) -> None:
        self.balancer.connections.allow_to(self.web, ec2.Port.tcp(DOOR), "Requests, and the health check")
        self.senders.connections.allow_to(self.web, ec2.Port.tcp(DOOR), "Health checks send a test alert")
        for parts in (self.web, self.senders):
            parts.connections.allow_to(self.database, ec2.Port.tcp(POSTGRES), "PostgreSQL")
            parts.connections.allow_to(self.queue, ec2.Port.tcp(REDIS), "Valkey")
            parts.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(HTTPS), "AWS, and DEADMAN_URL")

    def _group(self, name: str, what: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(self, name, vpc=self.vpc, description=what, allow_all_outbound=False)
