"""Texts that a program has changed, and texts that only look a little like them."""

import pytest

from contacts.import_export.reading import doubts

CHANGED = {
    doubts.DATE: ("01/03/2026", "1.3.26", "01-Mar", "1 mrz 2026", "Mar-26", "2026-03-01", "08:30", "8:30 PM"),
    doubts.SHORTENED: ("1.23E+11", "4,47701E+11", "1e+05", "1.2E-07"),
    doubts.DECIMAL: ("491601234567.0", "12,00", "1234567.000"),
    doubts.ERROR: (
        *("#N/A", "#REF!", "#NAME?", "#DIV/0!", "#NV", "#BEZUG!", "########", "#WERT!", "#NOM?", "#ИМЯ?"),
        *(
            "#¿NOMBRE?",
            "#¡REF!",
            "#¡DIV/0!",
            "#N/D",
            "#Н/Д",
            "#I/T",
            "#YOK",
            "#HIÁNYZIK",
            "#GETTING_DATA",
            "#PUUTTUU!",
        ),
        *("Err:502", "Err :508", "Fehler:502", "Ош.:502", "Virhe:522"),
    ),
    doubts.BOOLEAN: ("TRUE", "FALSE", "WAHR"),
    doubts.LINE_BREAK: ("one\ntwo", "one\rtwo", "one_x000D_two"),
    doubts.LOST_LETTER: (
        *("Zo\ufffd", "MÃ¼ller", "GroÃŸ", "JosÃ©", "GarcÃ\u00ada", "VoilÃ\u00a0", "Oâ€™Brien", "NovÄ\u008dk"),
        *(
            "WiÅ›niewski",
            "Ð˜Ð²Ð°Ð½",
            "ÎœÎ±",
            "ï»¿C-1",
            "Jos√©",
            "O‚ÄôBrien",
            "MŸller",
            "JosŽ",
            "Stra§e",
            "Andrƒ Ward",
        ),
        *("OÕBrien", "Dvo?ák", "M?ller"),
    ),
}
RIGHT = (
    *("1-3", "12E4", "C-1", "H-0012", "12-34-56", "3-5", "Ward 4", "May", "March", "10 West", "4.2.1"),
    *(
        "0160.1234567",
        "+44 7700 900123",
        "00123",
        "True",
        "#1",
        "##",
        "SÃO",
        "Strauß’ Ward",
        "CAFÉ’S",
        "Dušan Žižek",
        "CAMÕES",
        "MacÉwan",
        "Ångström",
        "VÄ ’",
        "Room:502",
        "#Ward/4",
        "Is it?",
        "§ 5",
        "a  b",
        "",
        "7",
        "1,234",
    ),
)


@pytest.mark.parametrize(
    ("doubt", "text"), [(doubt, text) for doubt, texts in CHANGED.items() for text in texts]
)
def test_a_text_that_was_changed_is_doubted(doubt: str, text: str) -> None:
    assert doubts.of_csv_text(f" {text}\u200b ") == doubt


@pytest.mark.parametrize("text", RIGHT)
def test_a_text_that_was_typed_is_not_doubted(text: str) -> None:
    assert doubts.of_csv_text(text) == ""


def test_a_text_in_xlsx_may_look_like_a_date() -> None:
    assert [doubts.of_text(text) for text in ("01/03/2026", "01-Mar", "TRUE")] == ["", "", ""]
    assert doubts.of_text("1.23E+11") == doubts.SHORTENED
