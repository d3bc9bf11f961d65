"""The figures of `make compare-modes`, and its pictures."""

from xml.etree import ElementTree as ET

from bench.modes import picture
from bench.modes.figures import HEAD, OUTAGE_HEAD, Figures, Mode, Outage, Sent, outage_rows, rows, spread

SENT = (
    Sent(0.0, 0.05, 202, "queued", 0, 0.5),
    Sent(1.0, 0.25, 200, "sent", 1, 9.0),
    Sent(2.0, 0.75, 200, "failed", 0, None),
)


def figures(mode: Mode = Mode.WAIT) -> Figures:
    return Figures(
        mode,
        5,
        posts=3,
        known=2,
        busy=1,
        errors=0,
        answer=spread([each.answered for each in SENT]),
        handset=spread([0.5, 9.0]),
        arrived=2,
        arrived_per_second=0.2,
        in_doubt=1,
        failed=0,
        lost=0,
    )


def test_a_row_has_a_figure_for_each_column() -> None:
    [row] = rows([figures()])

    assert dict(zip(HEAD[1:3], row[1:3], strict=True)) == {"POSTs/s": "5", "answer p50": "250"}
    assert row[5:8] == ("67%", "1", "0")
    assert len(row) == len(HEAD)


def test_catching_up_counts_from_the_end_of_the_outage_to_the_last_that_was_posted_before() -> None:
    later = Sent(9.0, 0.1, 202, "queued", 0, 30.0)
    run = Outage(figures(), 0.5, 4.0, (*SENT, later))

    assert run.caught_up == 6.0
    [row] = outage_rows([run])
    assert len(row) == len(OUTAGE_HEAD)
    assert row[-1] == "6 s"


def test_the_pictures_show_every_alert_and_every_run() -> None:
    of_rates = ET.fromstring(picture.rates([figures(Mode.AT_ONCE), figures()]))  # noqa: S314 - our own
    of_outage = ET.fromstring(picture.outages([Outage(figures(), 0.5, 1.5, SENT)]))  # noqa: S314 - our own

    circles = "{http://www.w3.org/2000/svg}circle"
    assert len(of_rates.findall(circles)) == 2 * 2 * 3
    assert len(of_outage.findall(circles)) == len(SENT) + 2
    assert "prefers-color-scheme: dark" in picture.rates([figures()])
