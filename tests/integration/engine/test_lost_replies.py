"""step.lua: a call whose reply is lost is repeated, and a copy of a call may arrive late."""

from tests.integration.engine.transitions import ScriptedWorker, Transitions, new_job


def test_a_step_repeated_after_a_lost_reply_gives_the_same_claims(transitions: Transitions) -> None:
    # given a step that claimed and whose reply was lost
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a"), new_job("b"), new_job("c"))
    lost = worker.step(2)

    # when it is repeated
    reply = worker.repeat()

    # then it gives the same, so that nothing waits for a lease to lapse
    assert reply.claims == lost.claims
    assert transitions.record("a")["attempt"] == "1"
    assert worker.step(2).ids == ["c"]


def test_a_copy_of_a_step_that_arrives_late_claims_nothing(transitions: Transitions) -> None:
    # given a worker that has gone on after a step, and after that which was under way beside it
    worker = ScriptedWorker(transitions)
    for _ in range(3):
        worker.step(2)
    transitions.submit(new_job("a"))

    # when a copy of the first one arrives
    late = worker.deliver(1)

    # then it claims nothing that nobody would hear of
    assert late.ids == []
    assert transitions.record("a")["state"] == "waiting"


def test_a_claim_that_was_cancelled_meanwhile_is_not_given_again(transitions: Transitions) -> None:
    # given a lost reply with two claims, of which one was taken back meanwhile
    worker = ScriptedWorker(transitions)
    transitions.submit(new_job("a"), new_job("b"))
    claims = worker.step(2).claims
    worker.release(claims[0])

    assert worker.repeat().ids == ["b"]
