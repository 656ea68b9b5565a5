"""What operators do in the random lives of jobs: they pause, resume and limit kinds."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from tests.integration.engine.books import Books
from tests.integration.engine.choices import LIMITS, WHICH
from tests.integration.engine.transitions import Alpha, Beta

from afterwork.contracts import KindLimits


class OperatorRules(Books):
    """Rules of `machine.py`."""

    @rule(which=WHICH, limits=LIMITS)
    def operator_limits_a_kind(self, which: int, limits: KindLimits | None) -> None:
        queue, kind = ["q", "r"][which % 2], [Alpha.meta.kind, Beta.meta.kind, "gamma.run"][which // 2 % 3]
        assert self.transitions.limit(queue, kind, limits) == self.model.limit(queue, kind, limits)

    @rule(which=WHICH, paused=st.booleans())
    def operator_pauses_or_resumes(self, which: int, *, paused: bool) -> None:
        queue, kind = (
            ["q", "r"][which % 2],
            ["", Alpha.meta.kind, Beta.meta.kind, "gamma.run"][which // 2 % 4],
        )
        answer = self.transitions.pause(queue, kind, paused=paused)
        assert answer == self.model.pause(queue, kind, paused=paused)

    @precondition(lambda self: self.model.gates.paused or self.model.gates.limits)
    @rule()
    def operator_lets_everything_go(self) -> None:
        for queue, kind in list(self.model.gates.paused):
            assert self.transitions.pause(queue, kind, paused=False) == self.model.pause(
                queue, kind, paused=False
            )
        for queue, kind in list(self.model.gates.limits):
            assert self.transitions.limit(queue, kind, None) == self.model.limit(queue, kind, None)
