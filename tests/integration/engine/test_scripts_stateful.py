"""Random lives of jobs on a real server, against the model."""

import os
from functools import partial

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.integration.engine.machine import JobLives
from tests.integration.engine.transitions import Transitions

IS_DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
EXAMPLES = settings(
    max_examples=5000 if IS_DEEP else 250,
    stateful_step_count=100 if IS_DEEP else 50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.timeout(3600)  # a failure is shrunk first, and then named
def test_scripts_do_what_the_model_predicts(transitions: Transitions) -> None:
    run_state_machine_as_test(partial(JobLives, transitions), settings=EXAMPLES)  # type: ignore[arg-type]
