"""The web application firewall. It must never hold an alert back.

An alert carries free text, and a text like "select the blood group from the list" looks like an attack to AWS's rules.
So for the paths of alerts the rules count and block nothing. On all other paths, rules about bodies only count: forms
and imports carry free text too. There Bleep guards itself: it limits bodies, binds every value in SQL, and escapes
output.

If links in messages may be opened from anywhere, only the firewall keeps the rest of Bleep from the outside world. A
load balancer that cannot ask its firewall answers nobody (AWS calls that failing closed, which is the default).
"""

from collections.abc import Iterator, Mapping

from aws_cdk import aws_elasticloadbalancingv2 as elb, aws_wafv2 as wafv2
from constructs import Construct

from deploy.aws.parameters import PlatformParameters
from deploy.aws.platform.logs import Logs
from deploy.aws.platform.urls import ANSWER_LINK

Statement = wafv2.CfnWebACL.StatementProperty
Hidden = wafv2.CfnLoggingConfiguration.FieldToMatchProperty

GROUPS: Mapping[str, tuple[str, ...]] = {
    "AWSManagedRulesCommonRuleSet": (
        "SizeRestrictions_BODY",
        "EC2MetaDataSSRF_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
        "CrossSiteScripting_BODY",
    ),
    "AWSManagedRulesKnownBadInputsRuleSet": (
        "JavaDeserializationRCE_BODY",
        "Log4JRCE_BODY",
        "ReactJSRCE_BODY",
    ),
    "AWSManagedRulesSQLiRuleSet": ("SQLi_BODY", "SQLiExtendedPatterns_BODY"),
    "AWSManagedRulesAmazonIpReputationList": (),
}
"""AWS's groups of rules, each with its rules about bodies."""
COUNTED_FOR_ALERTS = ("AWSManagedRulesSQLiRuleSet", "AWSManagedRulesAmazonIpReputationList")
ALERTS = "/notification"
LINKS_PER_FIVE_MINUTES = 300
"""Requests for links that one outside address may make. Many telephones of one network may share an address."""
TOO_MANY = 429
RETRY_SECONDS = "60"
SECRET_HEADERS = ("authorization", "cookie", "x-csrftoken")


class Firewall(Construct):
    """Rules in front of the load balancer, and a log without secrets or personal data."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        balancer: elb.IApplicationLoadBalancer,
        logs: Logs,
        platform: PlatformParameters,
    ) -> None:
        super().__init__(scope, name)
        self.acl = wafv2.CfnWebACL(
            self,
            "Acl",
            scope="REGIONAL",
            default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_measured("bleep"),
            rules=_numbered(
                *(self._for_links(platform) if platform.opens_links_to_all else ()),
                _too_many("TooMany", platform.requests_per_five_minutes),
                *(_blocks(group, bodies) for group, bodies in GROUPS.items()),
                *(_counts(group) for group in COUNTED_FOR_ALERTS),
            ),
        )
        wafv2.CfnWebACLAssociation(
            self, "InFront", resource_arn=balancer.load_balancer_arn, web_acl_arn=self.acl.attr_arn
        )
        hidden = [Hidden(single_header={"Name": header}) for header in SECRET_HEADERS]
        # A path has a message_id, and a query string what staff search for.
        wafv2.CfnLoggingConfiguration(
            self,
            "Log",
            resource_arn=self.acl.attr_arn,
            log_destination_configs=[logs.firewall.log_group_arn],
            redacted_fields=[*hidden, Hidden(uri_path={}), Hidden(query_string={})],
        )

    def _for_links(self, platform: PlatformParameters) -> Iterator[wafv2.CfnWebACL.RuleProperty]:
        """Rules for requests from outside the hospital's networks: links in messages, not too many of them, and nothing
        else.
        """
        hospital = wafv2.CfnIPSet(
            self,
            "Hospital",
            scope="REGIONAL",
            ip_address_version="IPV4",
            addresses=list(platform.allowed_networks),
            description="Networks of the hospital",
        )
        outside = _not(
            Statement(
                ip_set_reference_statement=wafv2.CfnWebACL.IPSetReferenceStatementProperty(
                    arn=hospital.attr_arn
                )
            )
        )
        yield _rule(
            "NoLink",
            Statement(
                and_statement=wafv2.CfnWebACL.AndStatementProperty(statements=[outside, _not(_to_a_link())])
            ),
            action=wafv2.CfnWebACL.RuleActionProperty(block=wafv2.CfnWebACL.BlockActionProperty()),
        )
        yield _too_many("TooManyLinks", LINKS_PER_FIVE_MINUTES, of=outside)


def _not(statement: Statement) -> Statement:
    return Statement(not_statement=wafv2.CfnWebACL.NotStatementProperty(statement=statement))


def _to_a_link() -> Statement:
    return Statement(
        regex_match_statement=wafv2.CfnWebACL.RegexMatchStatementProperty(
            field_to_match=wafv2.CfnWebACL.FieldToMatchProperty(uri_path={}),
            regex_string=ANSWER_LINK,
            text_transformations=[wafv2.CfnWebACL.TextTransformationProperty(priority=0, type="NONE")],
        )
    )


def _to_alerts() -> Statement:
    return Statement(
        byte_match_statement=wafv2.CfnWebACL.ByteMatchStatementProperty(
            field_to_match=wafv2.CfnWebACL.FieldToMatchProperty(uri_path={}),
            positional_constraint="STARTS_WITH",
            search_string=ALERTS,
            text_transformations=[wafv2.CfnWebACL.TextTransformationProperty(priority=0, type="NONE")],
        )
    )


def _blocks(group: str, bodies: tuple[str, ...]) -> wafv2.CfnWebACL.RuleProperty:
    """Rules for everything but alerts. Rules about bodies only count."""
    count = wafv2.CfnWebACL.RuleActionProperty(count={})
    return _rule(
        group,
        Statement(
            managed_rule_group_statement=wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS",
                name=group,
                rule_action_overrides=[
                    wafv2.CfnWebACL.RuleActionOverrideProperty(name=body, action_to_use=count)
                    for body in bodies
                ],
                scope_down_statement=_not(_to_alerts()),
            )
        ),
        override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
    )


def _counts(group: str) -> wafv2.CfnWebACL.RuleProperty:
    """Rules for alerts: the log says what the group would have done, and it is not done."""
    return _rule(
        f"{group}OfAlerts",
        Statement(
            managed_rule_group_statement=wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS", name=group, scope_down_statement=_to_alerts()
            )
        ),
        override_action=wafv2.CfnWebACL.OverrideActionProperty(count={}),
    )


def _too_many(name: str, most: int, *, of: Statement | None = None) -> wafv2.CfnWebACL.RuleProperty:
    """Refuse as Bleep does, so that a sender repeats: 429 with Retry-After."""
    headers = [wafv2.CfnWebACL.CustomHTTPHeaderProperty(name="Retry-After", value=RETRY_SECONDS)]
    refusal = wafv2.CfnWebACL.CustomResponseProperty(response_code=TOO_MANY, response_headers=headers)
    return _rule(
        name,
        Statement(
            rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(
                aggregate_key_type="IP", limit=most, scope_down_statement=of
            )
        ),
        action=wafv2.CfnWebACL.RuleActionProperty(
            block=wafv2.CfnWebACL.BlockActionProperty(custom_response=refusal)
        ),
    )


def _rule(
    name: str,
    statement: Statement,
    *,
    action: wafv2.CfnWebACL.RuleActionProperty | None = None,
    override_action: wafv2.CfnWebACL.OverrideActionProperty | None = None,
) -> wafv2.CfnWebACL.RuleProperty:
    return wafv2.CfnWebACL.RuleProperty(
        name=name,
        priority=0,
        statement=statement,
        action=action,
        override_action=override_action,
        visibility_config=_measured(name),
    )


def _numbered(*rules: wafv2.CfnWebACL.RuleProperty) -> list[wafv2.CfnWebACL.RuleProperty]:
    """The rules, in this order."""
    return [
        wafv2.CfnWebACL.RuleProperty(
            name=rule.name,
            priority=place,
            statement=rule.statement,
            action=rule.action,
            override_action=rule.override_action,
            visibility_config=rule.visibility_config,
        )
        for place, rule in enumerate(rules)
    ]


def _measured(name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    # Sampled requests would show paths and headers in the console.
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )
