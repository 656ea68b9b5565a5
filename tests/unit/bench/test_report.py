from tests.bench.engine import report
from tests.bench.engine.comparison import curves
from tests.bench.engine.figures import Found
from tests.bench.engine.report import Conditions
from tests.unit.bench.found import a_run

CONDITIONS = Conditions(is_quick=False, facts=["2 cores"], versions={"BullMQ": "bullmq 6.7.0"})


def test_the_page_has_every_engine_the_conditions_and_the_curves() -> None:
    page = report.page(a_run(), CONDITIONS, "images")

    assert "| saq | 2,000 (2,000–2,000) | 20.0 | 10.0 | 500 | 900 | 1 |" in page
    assert "| Afterwork | 20,000 | 20,000 | 20,000 |" in page
    assert "- 2 cores\n" in page
    assert "| BullMQ | bullmq 6.7.0 |" in page
    assert "(images/bench-depth.svg)" in page
    assert "(images/bench-workers.svg)" in page
    assert "| 200,000 | 18,000 (18,000–18,000) | 23.0 | 10.0 |" in page


def test_the_page_says_which_peer_is_missing_and_why() -> None:
    found = a_run()
    found.missing["BullMQ"] = "Node with npm is not installed"

    assert "**BullMQ is missing**: Node with npm is not installed" in report.page(found, CONDITIONS, "images")


def test_only_a_quick_run_says_that_it_was_one() -> None:
    quick = Conditions(is_quick=True, facts=[], versions={})

    assert "QUICK=1" in report.page(a_run(), quick, "images")
    assert "QUICK=1" not in report.page(a_run(), CONDITIONS, "images")


def test_a_run_that_measured_nothing_still_has_a_table_of_promises() -> None:
    lines = report.console(Found()).splitlines()

    assert len(lines) == 14
    assert all(line.endswith("NOT MEASURED") for line in lines[1:])


def test_the_curves_are_medians() -> None:
    found = curves(a_run())

    assert found["workers"] == {"Afterwork": {1: 20_000.0, 2: 30_000.0}}
    assert found["depths"][200_000] == {"worker": 23.0, "redis": 10.0}
