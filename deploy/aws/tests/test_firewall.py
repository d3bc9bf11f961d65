"""The firewall: it holds no alert back, and keeps no text of one."""

import json
from typing import Any

import pytest

from deploy.aws.platform.firewall import GROUPS
from deploy.aws.platform.urls import ANSWER_LINK
from deploy.aws.tests.conftest import Deployment

Rule = dict[str, Any]


@pytest.fixture
def rules(platform: Deployment) -> list[Rule]:
    [acl] = platform.of_type("AWS::WAFv2::WebACL")
    assert acl["DefaultAction"] == {"Allow": {}}
    return sorted(acl["Rules"], key=lambda rule: int(rule["Priority"]))


def managed(rules: list[Rule]) -> list[Rule]:
    return [rule for rule in rules if "ManagedRuleGroupStatement" in rule["Statement"]]


def is_about(statement: Rule) -> str:
    """The start of the paths that a scope-down statement is about; with `!`, of those that it is not."""
    if "NotStatement" in statement:
        return "!" + is_about(statement["NotStatement"]["Statement"])
    match = statement["ByteMatchStatement"]
    assert match["PositionalConstraint"] == "STARTS_WITH"
    assert match["FieldToMatch"] == {"UriPath": {}}
    return str(match["SearchString"])


def test_blocking_rules_leave_alerts_alone(rules: list[Rule]) -> None:
    for rule in managed(rules):
        group = rule["Statement"]["ManagedRuleGroupStatement"]
        blocks = rule["OverrideAction"] == {"None": {}}
        assert is_about(group["ScopeDownStatement"]) == ("!/notification" if blocks else "/notification")
        assert blocks or rule["OverrideAction"] == {"Count": {}}
    names = {one["Statement"]["ManagedRuleGroupStatement"]["Name"] for one in managed(rules)}
    assert names == set(GROUPS)


def test_alerts_that_look_like_an_attack_are_counted(rules: list[Rule]) -> None:
    counted = [
        rule["Statement"]["ManagedRuleGroupStatement"]["Name"]
        for rule in managed(rules)
        if rule["OverrideAction"] == {"Count": {}}
    ]
    assert "AWSManagedRulesSQLiRuleSet" in counted


def test_rules_about_bodies_count_everywhere(rules: list[Rule]) -> None:
    """Forms and imports carry free text, and AWS's limit of 8 KB would hold an import back."""
    counted = set()
    for rule in managed(rules):
        for one in rule["Statement"]["ManagedRuleGroupStatement"].get("RuleActionOverrides", []):
            assert one["ActionToUse"] == {"Count": {}}
            counted.add(one["Name"])
    assert counted == {body for bodies in GROUPS.values() for body in bodies}
    assert {"SizeRestrictions_BODY", "CrossSiteScripting_BODY", "SQLi_BODY"} <= counted


def test_too_many_requests_are_told_to_come_again(platform: Deployment, rules: list[Rule]) -> None:
    """A sender repeats after a 429, and gives up after a 403."""
    rates = [rule for rule in rules if "RateBasedStatement" in rule["Statement"]]
    assert rates[-1]["Statement"]["RateBasedStatement"] == {
        "AggregateKeyType": "IP",
        "Limit": platform.platform.requests_per_five_minutes,
    }
    for rate in rates:
        refusal = rate["Action"]["Block"]["CustomResponse"]
        assert refusal == {"ResponseCode": 429, "ResponseHeaders": [{"Name": "Retry-After", "Value": "60"}]}
    own = [rule["Name"] for rule in rules if "Action" in rule]
    for_links = ["NoLink", "TooManyLinks"] if platform.platform.opens_links_to_all else []
    assert own == [*for_links, "TooMany"], "all else that blocks is AWS's"


def test_from_outside_links_are_reached_and_nothing_else(platform: Deployment, rules: list[Rule]) -> None:
    sets = platform.resources("AWS::WAFv2::IPSet")
    if not platform.platform.opens_links_to_all:
        assert not sets
        return
    [(name, hospital)] = sets.items()
    assert hospital["Properties"]["Addresses"] == list(platform.platform.allowed_networks)
    no_link, too_many = rules[:2]  # before any other
    outside, no_path = no_link["Statement"]["AndStatement"]["Statements"]
    arn = {"Fn::GetAtt": [name, "Arn"]}
    assert outside == {"NotStatement": {"Statement": {"IPSetReferenceStatement": {"Arn": arn}}}}
    match = no_path["NotStatement"]["Statement"]["RegexMatchStatement"]
    assert (match["FieldToMatch"], match["RegexString"]) == ({"UriPath": {}}, ANSWER_LINK)
    assert no_link["Action"] == {"Block": {}}
    rate = too_many["Statement"]["RateBasedStatement"]
    assert (rate["ScopeDownStatement"], rate["AggregateKeyType"]) == (outside, "IP")
    assert rate["Limit"] < platform.platform.requests_per_five_minutes


def test_nothing_secret_and_nothing_of_a_person_is_logged(platform: Deployment) -> None:
    [log] = platform.of_type("AWS::WAFv2::LoggingConfiguration")
    hidden = json.dumps(log["RedactedFields"])
    for field in ("authorization", "cookie", "UriPath", "QueryString"):
        assert field in hidden
    [acl] = platform.of_type("AWS::WAFv2::WebACL")
    seen = [acl["VisibilityConfig"], *(rule["VisibilityConfig"] for rule in acl["Rules"])]
    assert {one["SampledRequestsEnabled"] for one in seen} == {False}
    [link] = platform.of_type("AWS::WAFv2::WebACLAssociation")
    [balancer] = platform.resources("AWS::ElasticLoadBalancingV2::LoadBalancer")
    assert link["ResourceArn"] == {"Ref": balancer}
