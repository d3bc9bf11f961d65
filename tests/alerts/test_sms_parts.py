"""How many parts an SMS takes, and what of a text fits into a number of them."""

import pytest
from hypothesis import given, strategies as st

from alerts import sms_parts

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"
FAMILY = "👩\u200d👩\u200d👧"
REFERENCE = "123456789"


def alert(description: str) -> str:
    return f"{description} {REFERENCE}"


def test_gsm_7_has_127_characters_beside_its_escape_and_ten_in_the_extension() -> None:
    """By 3GPP TS 23.038."""
    assert (len(set(BASIC)), len(EXTENSION)) == (127, 10)


@pytest.mark.parametrize("character", BASIC)
def test_160_basic_characters_are_one_part(character: str) -> None:
    assert sms_parts.count(character * 160) == 1
    assert sms_parts.count(character * 161) == 2


@pytest.mark.parametrize("character", EXTENSION)
def test_a_character_of_the_extension_takes_two_places(character: str) -> None:
    assert sms_parts.count(character * 80) == 1
    assert sms_parts.count(character * 80 + "a") == 2


@pytest.mark.parametrize("character", ["ç", "`", "’", "“", "–", "…", "á", "\t", "\u00a0", "\x1b", "Я", "漢"])
def test_any_other_character_leaves_room_for_70(character: str) -> None:
    assert sms_parts.count(character + "a" * 69) == 1
    assert sms_parts.count(character + "a" * 70) == 2


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 153 * 2, 2),
        ("a" * 153 * 2 + "a", 3),
        ("a" * 153 * 10, 10),
        ("a" * 153 * 10 + "a", 11),
        # Alone, a pair fills the last two places. Of several parts it moves to the next, and leaves a place empty.
        ("a" * 158 + "€", 1),
        ("a" * 159 + "€", 2),
        ("a" * 152 + "€" + "a" * 151, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
        ("a" * 151 + "€" + "a" * 153, 2),
        ("Я" * 70, 1),
        ("Я" * 71, 2),
        ("Я" * 67 * 2, 2),
        ("Я" * 67 * 2 + "Я", 3),
        ("Я" * 68 + "🩸", 1),
        ("Я" * 69 + "🩸", 2),
        ("Я" * 66 + "🩸" + "Я" * 65, 2),
        ("Я" * 66 + "🩸" + "Я" * 66, 3),
        ("Я" * 65 + "🩸" + "Я" * 67, 2),
        ("🩸" * 35, 1),
        ("🩸" * 36, 2),
        ("🩸" * 33 * 2, 2),
        ("🩸" * 33 * 2 + "🩸", 3),
        # Where UCS-2 is needed, the extension is nothing special.
        ("Я" + "€" * 69, 1),
    ],
)
def test_parts_are_counted(text: str, parts: int) -> None:
    assert sms_parts.count(text) == parts


@pytest.mark.parametrize("length", [1, 150, 160 - 10])
def test_a_text_that_fits_is_left_alone(length: int) -> None:
    assert sms_parts.fit(alert, "a" * length, most=1) == alert("a" * length)


@pytest.mark.parametrize(
    ("description", "most", "kept"),
    [
        ("a" * 1000, 1, "a" * 147 + "..."),
        ("a" * 1000, 2, "a" * 293 + "..."),
        ("a" * 1000, 6, "a" * 905 + "..."),
        ("Я" * 1000, 1, "Я" * 59 + "…"),
        ("Я" * 1000, 2, "Я" * 123 + "…"),
        # A pair that does not fit as a whole goes as a whole.
        ("€" * 1000, 1, "€" * 73 + "..."),
        ("🩸" * 1000, 1, "🩸" * 29 + "…"),
        ("a" * 146 + "€" + "a" * 100, 1, "a" * 146 + "..."),
        # One that moves to the next part leaves a place empty, so that less fits.
        ("a" * 152 + "€" + "a" * 1000, 2, "a" * 152 + "€" + "a" * 138 + "..."),
        ("Я" * 66 + "🩸" + "Я" * 1000, 2, "Я" * 66 + "🩸" + "Я" * 54 + "…"),
        # What belongs to a character goes with it: an accent, the parts of an emoji, the tone of a skin.
        ("Я" * 58 + "e\u0301" + "Я" * 100, 1, "Я" * 58 + "…"),
        ("Я" * 55 + FAMILY + "Я" * 100, 1, "Я" * 55 + "…"),
        ("Я" * 56 + "👋🏽" + "Я" * 100, 1, "Я" * 56 + "…"),
        ("a" * 100 + "e\u0301" + "a" * 100, 1, "a" * 100 + "..."),
        # No white space before the mark.
        ("a" * 145 + "  " + "a" * 100, 1, "a" * 145 + "..."),
        # What comes before the first character outside GSM-7 may be more than fits with it.
        ("a" * 140 + "🩸" + "a" * 100, 1, "a" * 140 + "..."),
        ("a" * 40 + "🩸" + "a" * 100, 1, "a" * 40 + "🩸" + "a" * 17 + "…"),
    ],
)
def test_a_longer_description_is_cut_and_marked_and_the_reference_is_whole(
    description: str, most: int, kept: str
) -> None:
    cut = sms_parts.fit(alert, description, most=most)

    assert cut == alert(kept)
    assert sms_parts.count(cut) == most


def test_a_cut_text_is_one_that_sns_takes() -> None:
    cut = sms_parts.fit(alert, "漢" * 1000, most=10)

    assert len(cut.encode()) in range(sms_parts.MOST_BYTES - 2, sms_parts.MOST_BYTES + 1)
    assert cut.endswith(f"漢… {REFERENCE}")


def test_a_reference_that_needs_more_parts_is_whole_nevertheless() -> None:
    reference = "🩸" * 64

    assert sms_parts.fit(lambda description: f"{description} {reference}", "a", most=1) == f"… {reference}"


CHARACTERS = st.sampled_from(["a", "b", " ", "€", "é", "…", "Я", "漢", "🩸", "\u0301", "\u200d", "🏽"])


@given(
    st.text(CHARACTERS, min_size=1, max_size=400),
    st.text(st.sampled_from("01€Я🩸"), min_size=1, max_size=64),
    st.integers(1, 10),
)
def test_whatever_the_text_the_reference_is_whole_and_no_part_too_many(
    description: str, reference: str, most: int
) -> None:
    def write(shown: str) -> str:
        return f"{shown} {reference}"

    whole = description * 3  # long enough for ten parts
    fitted = sms_parts.fit(write, whole, most=most)

    assert fitted.endswith(f" {reference}")
    assert sms_parts.count(fitted) <= max(most, sms_parts.count(write("…")))
    assert len(fitted.encode()) <= sms_parts.MOST_BYTES
    shown = fitted.removesuffix(f" {reference}")
    if shown != whole:
        mark = "…" if shown.endswith("…") else "..."
        assert shown.endswith(mark)
        assert whole.startswith(shown.removesuffix(mark))
