import json

from afterwork.contracts.notifier import SendNotification
from notifier.outcomes import Outcomes
from notifier.replies import Reply, Verdict, by_smtp, later
from notifier.targets import MailTarget, doubles, targets_of

MAILS = [MailTarget(number, f"r{number}@x.test") for number in range(1000)]
MOST = 64 * 1024


def test_what_was_noted_is_found_by_the_next_attempt() -> None:
    first = Outcomes(MAILS[:4])
    first.note(0, by_smtp(250, "ok"))
    first.note(1, by_smtp(550, "no such user"))
    first.note(2, by_smtp(450, "greylisted"))
    first.skip(3)

    second = Outcomes(MAILS[:4], json.loads(json.dumps(first.checkpoint())))

    assert [target.index for target in first.open] == [2]
    assert [target.index for target in second.open] == [2]
    second.give_up()
    first.give_up()
    assert [one.status for one in second.told("<id>")] == ["sent", "failed", "failed", "skipped"]
    assert second.told("<id>")[:2] == first.told("<id>")[:2]
    assert (second.told("<id>")[2].detail, first.told("<id>")[2].detail) == ("was not tried", "greylisted")


def test_a_thousand_ends_fit_into_a_checkpoint_whatever_the_server_says() -> None:
    outcomes = Outcomes(MAILS)
    for target in MAILS:
        outcomes.note(target.index, by_smtp(550, f"5.1.1 <{target.address}>: " + "ü" * 150))

    kept = json.dumps(outcomes.checkpoint(), ensure_ascii=False).encode()

    assert len(kept) < MOST
    restored = Outcomes(MAILS, json.loads(kept))
    assert restored.open == []
    assert {one.code for one in restored.told("<id>")} == {550}


def test_a_few_keep_what_the_server_has_said() -> None:
    outcomes = Outcomes(MAILS[:100])
    for target in MAILS[:100]:
        outcomes.note(target.index, by_smtp(550, f"5.1.1 <{target.address}>: no such user"))

    restored = Outcomes(MAILS[:100], outcomes.checkpoint())

    assert restored.told("<id>")[7].detail == "5.1.1 <r7@x.test>: no such user"


def test_nothing_was_sent_only_if_all_has_ended_otherwise() -> None:
    outcomes = Outcomes(MAILS[:2])
    outcomes.note(0, by_smtp(550, "no"))
    assert not outcomes.nothing_was_sent
    outcomes.note(1, later("no connection"))
    assert not outcomes.nothing_was_sent

    outcomes.give_up()

    assert outcomes.nothing_was_sent


def test_a_target_is_shown_without_the_secrets_of_its_address() -> None:
    job = SendNotification(
        to=[
            "https://hooks.test/services/T0/SECRET",
            "https://hooks.test:8443?key=SECRET",
            "https://hooks.test",
        ],
        bcc=["Ada <ada@x.test>"],
        text="hi",
    )

    assert [target.shown for target in targets_of(job)] == [
        "https://hooks.test/…",
        "https://hooks.test:8443/…",
        "https://hooks.test",
        "mailto:ada@x.test",
    ]


def test_the_same_mailbox_is_the_same_target_however_its_domain_is_written() -> None:
    job = SendNotification(
        to=["mailto:ada@x.test", "https://h.test/a", "https://h.test/a", "https://h.test/A"],
        cc=["Ada <ada@X.TEST>", "ADA@x.test"],
        text="hi",
    )

    assert doubles(targets_of(job)) == {2, 4}


def test_what_a_server_says_is_one_line_that_can_be_shown() -> None:
    reply = by_smtp(550, "5.7.1 no\n\x1b[31m way\x00" + "x" * 500)

    assert reply.verdict is Verdict.FAILED
    assert reply.detail.startswith("5.7.1 no [31m way x")
    assert len(reply.detail) == 200
    assert by_smtp(-1, "what") == Reply(Verdict.LATER, None, "what")
