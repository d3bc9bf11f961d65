"""Acknowledges findings of cdk-nag."""

from collections.abc import Mapping

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct

ANY = "AwsSolutions-IAM5[Resource::*]"


def acknowledge_on(construct: IConstruct, reasons: Mapping[str, str]) -> None:
    """Acknowledge these rules for a construct and everything in it, each with its reason."""
    Validations.of(construct).acknowledge(
        *(Acknowledgment(id=rule, reason=why) for rule, why in reasons.items())
    )


def acknowledge_at(stack: Stack, path: str, reasons: Mapping[str, str]) -> None:
    """The same for the construct at a path in the stack, for example `Data/Postgres`."""
    construct: IConstruct = stack
    for name in path.split("/"):
        construct = construct.node.find_child(name)
    acknowledge_on(construct, reasons)
