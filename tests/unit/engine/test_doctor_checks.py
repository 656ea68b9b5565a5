"""From what was found to what is said of each promise."""

from pathlib import Path

import pytest

from afterwork.contracts import Durability, Ledger
from afterwork.engine.doctor import checks
from afterwork.engine.doctor.checks import State
from afterwork.engine.doctor.examination import EXAMPLES, Examined
from afterwork.engine.server.check import ServerReport, unreachable
from afterwork.engine.server.findings import READ_ONLY, Finding, warning

ROOT = Path(__file__).parents[3]


def report(*findings: Finding, durability: Durability = Durability.FSYNC) -> ServerReport:
    return ServerReport("Redis", "7.2", durability, findings)


def states(found: ServerReport) -> dict[str, State]:
    return {check.promise: check.state for check in checks.on_server(found)}


def test_a_server_as_it_should_be_keeps_what_is_promised_of_it() -> None:
    assert states(report()) == dict.fromkeys([checks.FIT, checks.STORED, checks.EVICTION], State.KEPT)


@pytest.mark.parametrize(
    ("finding", "promise", "state"),
    [
        (READ_ONLY, checks.FIT, State.BROKEN),
        (warning("memory-only", "x"), checks.STORED, State.BROKEN),
        (warning("replicas-missing", "x"), checks.STORED, State.BROKEN),
        (warning("eviction-armed", "x"), checks.EVICTION, State.BROKEN),
        (warning("config-hidden", "x"), checks.STORED, State.UNKNOWN),
        (warning("something-new", "x"), checks.FIT, State.BROKEN),
    ],
)
def test_a_finding_breaks_the_promise_that_it_is_about(finding: Finding, promise: str, state: State) -> None:
    assert states(report(finding))[promise] is state


def test_a_second_of_risk_that_was_chosen_is_said_and_breaks_nothing() -> None:
    found = report(warning("everysec", "x"), durability=Durability.EVERYSEC)

    stored = next(check for check in checks.on_server(found) if check.promise == checks.STORED)

    assert (stored.state, "within about a second" in stored.text) == (State.KEPT, True)


def test_of_a_server_that_is_away_nothing_is_known() -> None:
    (fit,) = checks.on_server(unreachable(ConnectionRefusedError()))

    assert (fit.state, fit.text) == (State.UNKNOWN, "Redis does not answer")


@pytest.mark.parametrize(
    ("ahead", "margin", "state"),
    [
        (0, 0, State.KEPT),
        (-1.9, 0, State.KEPT),
        (2.1, 0, State.BROKEN),
        (-9, 0, State.BROKEN),
        (3, 2, State.KEPT),
    ],
)
def test_clocks_may_differ_a_little_and_by_as_much_as_the_question_took(
    ahead: float, margin: float, state: State
) -> None:
    assert checks.on_clocks(ahead, margin).state is state


@pytest.mark.parametrize(("pulse_ahead", "codes"), [(-9e6, ()), (59, ()), (61, ("time-ahead",))])
def test_the_engines_time_may_be_ahead_for_as_long_as_clocks_are_put_right(
    pulse_ahead: float, codes: tuple[str, ...]
) -> None:
    assert checks.on_clocks(0, 0, pulse_ahead).codes == codes


@pytest.mark.parametrize(("failed", "said"), [(1, None), (0, "1 are missing"), (2, "1 are too many")])
def test_the_ledger_is_added_up(failed: int, said: str | None) -> None:
    counts = dict.fromkeys(Ledger.model_fields, 1) | {"accepted": 7, "adopted": 0, "failed": failed}

    check = checks.on_books(Ledger.model_validate(counts))

    assert check.state is (State.BROKEN if said else State.KEPT)
    assert said is None or said in check.text


def test_every_fault_that_an_examination_can_find_is_said_of_some_promise_and_in_the_docs() -> None:
    script = (ROOT / "library/afterwork/engine/lua/examine.lua").read_text(encoding="utf-8")
    page = (ROOT / "docs/doctor.md").read_text(encoding="utf-8")
    for promise in checks.OF_KEYS:
        for code in checks.codes_of(promise):
            seen = Examined()
            seen.note(code, "somewhere")
            broken = {
                check.promise: check.codes for check in checks.on_keys(seen) if check.state is State.BROKEN
            }
            assert broken == {promise: (code,)}
            assert f"'{code}'" in script or code == "wrong-type"
            assert f"`{code}`" in page


def test_a_few_examples_are_kept_of_any_number_of_faults() -> None:
    seen = Examined()
    for number in range(100):
        seen.note("orphan", str(number))

    left = next(check for check in checks.on_keys(seen) if check.promise == checks.LEFT)

    assert left.text.startswith("100: ")
    assert len(left.examples) == EXAMPLES
