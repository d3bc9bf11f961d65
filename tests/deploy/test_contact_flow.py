"""The contact flow against Connect's flow language, as AWS's reference of its actions has it.

https://docs.aws.amazon.com/connect/latest/APIReference/flow-language-actions.html
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

FLOW = json.loads(Path("deploy/aws/contact-flow.json").read_text())
ACTIONS = {action["Identifier"]: action for action in FLOW["Actions"]}
WAITING = "GetParticipantInput"
QUESTIONS = {"speak-the-digits-and-ask", "speak-plainly-and-ask"}


class Rule(NamedTuple):
    """What the language says of a type: its parameters, and the error branches that it must have."""

    parameters: set[str]
    errors: set[str]


LANGUAGE: Mapping[str, Rule] = {
    "UpdateContactTextToSpeechVoice": Rule({"TextToSpeechVoice", "TextToSpeechEngine"}, {"NoMatchingError"}),
    "UpdateContactAttributes": Rule({"Attributes", "TargetContact"}, {"NoMatchingError"}),
    "MessageParticipant": Rule({"Text"}, {"NoMatchingError"}),
    "GetParticipantInput": Rule(
        {"Text", "SSML", "StoreInput", "InputTimeLimitSeconds"},
        {"InputTimeLimitExceeded", "NoMatchingCondition", "NoMatchingError"},
    ),
    "Compare": Rule({"ComparisonValue"}, {"NoMatchingCondition"}),
    "Loop": Rule({"LoopCount"}, set()),
    "DisconnectParticipant": Rule(set(), set()),
}


def branches(action: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each branch of a block: its name, and the block that follows."""
    transitions = action["Transitions"]
    if "NextAction" in transitions:
        yield "next", transitions["NextAction"]
    for condition in transitions.get("Conditions", []):
        yield condition["Condition"]["Operands"][0], condition["NextAction"]
    for error in transitions.get("Errors", []):
        yield error["ErrorType"], error["NextAction"]


def after(name: str, branch: str) -> str:
    return dict(branches(ACTIONS[name]))[branch]


def reached(start: str, *, without: str = "") -> set[str]:
    """All blocks on a way from one that does not pass `without`."""
    found: set[str] = set()
    ahead = [start]
    while ahead:
        name = ahead.pop()
        if name not in found and name != without:
            found.add(name)
            ahead += [to for _, to in branches(ACTIONS[name])]
    return found


def of_type(kind: str) -> list[str]:
    return [name for name, action in ACTIONS.items() if action["Type"] == kind]


def test_it_is_a_flow_of_this_version_with_names_of_their_own() -> None:
    assert FLOW["Version"] == "2019-10-30"
    assert FLOW.keys() == {"Version", "StartAction", "Actions"}
    assert len(ACTIONS) == len(FLOW["Actions"])
    assert all(len(name) <= 50 and name.replace("-", "").isalpha() for name in ACTIONS)


@pytest.mark.parametrize("name", ACTIONS)
def test_a_block_is_as_the_language_has_it(name: str) -> None:
    action = ACTIONS[name]
    rule = LANGUAGE[action["Type"]]
    assert action.keys() == {"Identifier", "Type", "Parameters", "Transitions"}
    assert action["Parameters"].keys() <= rule.parameters
    transitions = action["Transitions"]
    assert {error["ErrorType"] for error in transitions.get("Errors", [])} == rule.errors
    assert ("NextAction" in transitions) is (action["Type"] != "DisconnectParticipant")
    for condition in transitions.get("Conditions", []):
        assert condition["Condition"]["Operator"] == "Equals"
        assert len(condition["Condition"]["Operands"]) == 1


@pytest.mark.parametrize("name", ACTIONS)
def test_every_branch_leads_to_a_block_and_from_every_block_the_call_can_end(name: str) -> None:
    assert all(to in ACTIONS for _, to in branches(ACTIONS[name]))
    assert "hang-up" in reached(name)


def test_every_block_is_reached() -> None:
    assert reached(FLOW["StartAction"]) == set(ACTIONS)


@pytest.mark.parametrize("name", of_type(WAITING))
def test_a_block_that_waits_has_one_text_a_time_limit_and_keys(name: str) -> None:
    parameters = ACTIONS[name]["Parameters"]
    assert ("Text" in parameters) is not ("SSML" in parameters)
    assert parameters["StoreInput"] == "False"  # where it is true, the language allows no keys
    assert int(parameters["InputTimeLimitSeconds"]) >= 5
    keys = {branch for branch, _ in branches(ACTIONS[name])} - LANGUAGE[WAITING].errors - {"next"}
    assert keys
    assert keys <= set("0123456789*#")


@pytest.mark.parametrize("name", of_type("Loop"))
def test_a_loop_has_both_of_its_ways(name: str) -> None:
    assert 0 < int(ACTIONS[name]["Parameters"]["LoopCount"]) <= 100
    assert {branch for branch, _ in branches(ACTIONS[name])} == {"next", "ContinueLooping", "DoneLooping"}
    assert after(name, "next") == after(name, "DoneLooping")


def test_it_never_goes_round_for_ever_without_a_limit() -> None:
    loops = set(of_type("Loop"))
    for name in set(ACTIONS) - loops:
        for _, to in branches(ACTIONS[name]):
            ahead: list[str] = [to]
            seen: set[str] = set()
            while ahead:
                other = ahead.pop()
                if other not in seen | loops:
                    seen.add(other)
                    ahead += [onward for _, onward in branches(ACTIONS[other])]
            assert name not in seen, f"{name} is reached again without a limit"


class TestVoice:
    """A wrong voice falls back, and never drops the call."""

    def test_each_way_of_setting_a_voice_goes_on(self) -> None:
        assert after("set-the-voice", "NoMatchingError") == "set-the-plain-voice"
        assert after("set-the-plain-voice", "NoMatchingError") == after("set-the-voice", "next")

    @pytest.mark.parametrize("name", ["speak-the-message", "ask-for-a-person", "speak-plainly-and-ask"])
    def test_a_text_that_cannot_be_spoken_is_tried_once_in_the_plain_voice(self, name: str) -> None:
        assert after(name, "NoMatchingError") == "try-the-plain-voice-once"
        assert after("try-the-plain-voice-once", "ContinueLooping") == "set-the-plain-voice"
        assert ACTIONS["try-the-plain-voice-once"]["Parameters"] == {"LoopCount": "1"}

    def test_digits_that_break_the_markup_are_spoken_as_they_are(self) -> None:
        assert after("speak-the-digits", "NoMatchingError") == "speak-the-digits-plainly"
        assert after("speak-the-digits-and-ask", "NoMatchingError") == "speak-plainly-and-ask"


class TestMessage:
    """It speaks what the published sample's flow does."""

    def test_the_message_is_plain_text_so_that_it_cannot_break_the_markup(self) -> None:
        assert ACTIONS["speak-the-message"]["Parameters"] == {"Text": "$.Attributes.Message"}
        for action in FLOW["Actions"]:
            assert "$.Attributes.Message" not in action["Parameters"].get("SSML", "").replace("Message2", "")

    def test_without_an_answer_wanted_nothing_comes_before_it(self) -> None:
        assert ACTIONS["is-a-person-asked-for"]["Parameters"] == {"ComparisonValue": "$.Attributes.Answer"}
        assert after("is-a-person-asked-for", "NoMatchingCondition") == "speak-the-message"
        assert after("is-an-answer-wanted", "NoMatchingCondition") == "speak-the-digits"
        assert "Message2" in ACTIONS["speak-the-digits"]["Parameters"]["SSML"]
        assert after("speak-the-digits", "InputTimeLimitExceeded") == "hang-up"

    @pytest.mark.parametrize("name", ["speak-the-digits", *QUESTIONS])
    def test_star_repeats(self, name: str) -> None:
        assert after(after(name, "*"), "ContinueLooping") == "speak-the-message"

    def test_with_an_answer_wanted_a_voicemail_hears_none_of_it(self) -> None:
        unpressed = reached(after("is-a-person-asked-for", "wanted"), without="speak-the-message")
        heard = [ACTIONS[name]["Parameters"] for name in unpressed - QUESTIONS - {"speak-the-digits"}]
        assert after("ask-for-a-person", "1") == "speak-the-message"
        assert {to for branch, to in branches(ACTIONS["ask-for-a-person"]) if branch != "1"} == {
            "ask-for-a-person-three-times",
            "try-the-plain-voice-once",
        }
        assert not [one for one in heard if "$.Attributes.Message" in str(one)]


class TestAnswer:
    """The key is kept with the contact, before anything is said about it."""

    @pytest.mark.parametrize("name", sorted(QUESTIONS))
    @pytest.mark.parametrize(
        ("key", "store", "said"), [("1", "accept", "accept"), ("2", "decline", "cannot")]
    )
    def test_it_is_stored_and_then_confirmed(self, name: str, key: str, store: str, said: str) -> None:
        storing = after(name, key)
        assert ACTIONS[storing]["Type"] == "UpdateContactAttributes"
        assert ACTIONS[storing]["Parameters"] == {"Attributes": {"Response": key}, "TargetContact": "Current"}
        assert store in storing
        assert said in ACTIONS[after(storing, "next")]["Parameters"]["Text"]

    @pytest.mark.parametrize("name", of_type("UpdateContactAttributes"))
    def test_an_answer_that_was_not_stored_is_not_confirmed(self, name: str) -> None:
        told = ACTIONS[after(name, "NoMatchingError")]["Parameters"]["Text"]
        assert told.startswith("Your answer could not be recorded.")

    def test_only_a_key_at_the_question_is_an_answer(self) -> None:
        ways = {
            (name, branch) for name in ACTIONS for branch, to in branches(ACTIONS[name]) if "store-" in to
        }
        assert ways == {(name, key) for name in QUESTIONS for key in "12"}
