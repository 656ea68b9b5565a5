"""`afterwork up`: what it prints, what it runs, how it ends, and what it survives."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.e2e.up_support import STOPPED_WITHIN, Up, imbalance, is_running, submit, wait_for_state
from tests.servers import RedisServer, wait_until

CURL = re.compile(r"^  (curl .*)$", re.MULTILINE)


def test_the_three_commands_work_when_pasted(tmp_path: Path) -> None:
    with Up(tmp_path) as up:
        # given the lines that stand below the ready line
        assert up.address.startswith("http://127.0.0.1:")
        wait_until(lambda: len(CURL.findall(up.printed)) == 3, what="three commands")

        # when they are pasted into a shell
        posted, listed, ledger = (
            json.loads(subprocess.run(["bash", "-c", command], capture_output=True, check=True).stdout)
            for command in CURL.findall(up.printed)
        )

        # then a job is accepted durably, listed, and stands in balanced books
        assert (posted["kind"], posted["queue"], posted["durability"]) == ("probe.run", "notifier", "fsync")
        assert posted["id"] in json.dumps(listed)
        assert (ledger["accepted"], ledger["imbalance"]) == (1, 0)
        with up.client() as client:
            wait_for_state(client, posted["id"], "succeeded")


@pytest.fixture
def heeding_hangup() -> Iterator[None]:
    """Programs are started as from a terminal, even if the tests run under nohup."""
    earlier = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, earlier)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_everything_in_order_and_in_time_even_with_work_under_way(
    tmp_path: Path, number: signal.Signals
) -> None:
    with Up(tmp_path) as up, up.client() as client:
        # given a job that takes longer than anybody waits
        running = submit(client, seconds=60)
        wait_for_state(client, running, "running")

        # when everything is asked to end
        code = up.ends(number)

        # then it was in order: nothing had to be killed, and nothing is left
        assert code == 0
        assert "did not end" not in up.printed

    # and the job was handed back, so that the next start runs it at once
    with Up(tmp_path) as up, up.client() as client:
        wait_for_state(client, running, "running", deadline=10)
        assert imbalance(client) == 0


def test_a_terminal_that_is_closed_ends_everything_in_order(tmp_path: Path, heeding_hangup: None) -> None:
    with Up(tmp_path) as up:
        assert up.address

        assert up.ends(signal.SIGHUP) == 0


def test_under_nohup_it_goes_on_when_the_terminal_is_closed(tmp_path: Path, heeding_hangup: None) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with Up(tmp_path) as up, up.client() as client:
        assert up.address

        up.process.send_signal(signal.SIGHUP)

        wait_for_state(client, submit(client), "succeeded")
        assert "stopping" not in up.printed


def test_ctrl_c_ends_a_worker_that_does_not_listen(tmp_path: Path) -> None:
    with Up(tmp_path) as up, up.client() as client:
        # given a worker that is frozen, so that no SIGTERM reaches it
        submit(client, seconds=0)
        up.child("notifier").suspend()

        # when everything is asked to end, then it does, in time
        started = time.monotonic()
        assert up.ends(signal.SIGINT) == 0
        assert time.monotonic() - started < STOPPED_WITHIN
    assert "notifier did not end within 8 s and is killed" in up.printed


def test_a_second_ctrl_c_ends_everything_at_once(tmp_path: Path) -> None:
    with Up(tmp_path) as up, up.client() as client:
        # given an orderly end that waits for a job
        wait_for_state(client, submit(client, seconds=60), "running")
        up.process.send_signal(signal.SIGINT)
        up.waits_for_line("^stopping$")

        # when Ctrl-C is pressed again, then nobody waits, and the exit code tells
        started = time.monotonic()
        assert up.ends(signal.SIGINT) == 130
        assert time.monotonic() - started < 3


def test_ctrl_c_ends_it_before_it_is_ready(tmp_path: Path) -> None:
    with Up(tmp_path) as up:
        up.child("valkey")

        assert up.ends(signal.SIGINT) == 0


@pytest.mark.parametrize("name", ["gateway", "valkey", "notifier", "processor", "archiver"])
def test_a_killed_child_comes_back_and_work_goes_on(tmp_path: Path, name: str) -> None:
    with Up(tmp_path) as up, up.client() as client:
        queue = name if name in {"processor", "archiver"} else "notifier"
        first = submit(client, queue)
        victim = up.child(name)

        # when a child is killed
        victim.kill()

        # then it is started again, and jobs are accepted and done
        up.waits_for_line(rf"{name} ended \(killed by SIGKILL\): starting it again")
        up.waits_for_line(f"{name} is ready again")
        assert up.child(name).pid != victim.pid
        for done in (first, submit(client, queue)):
            wait_for_state(client, done, "succeeded")
        assert imbalance(client) == 0


def test_several_workers_of_each_service_run_under_names_of_their_own(tmp_path: Path) -> None:
    with Up(tmp_path, "--workers", "2") as up:
        assert up.address

        for name in ("notifier", "processor", "archiver"):
            assert re.search(rf"^{name}-1 +\|", up.printed, re.MULTILINE)
            assert re.search(rf"^{name}-2 +\|", up.printed, re.MULTILINE)


def test_killed_whole_it_leaves_no_process_and_goes_on_where_it_was(tmp_path: Path) -> None:
    with Up(tmp_path, "--workers", "2") as up, up.client() as client:
        # given jobs that run and jobs that wait
        port = int(up.address.rsplit(":", 1)[1])
        jobs = [submit(client, queue, seconds=1) for queue in ("notifier", "processor", "archiver")]
        jobs.append(submit(client, seconds=3))
        wait_for_state(client, jobs[-1], "running")
        family = up.children()

        # when `up` is killed and started again at once, on the same port
        up.process.kill()
        with Up(tmp_path, port=port) as again, again.client() as client_of_again:
            assert again.address.endswith(f":{port}")

            # then the processes of the first one have ended by themselves
            assert psutil.wait_procs(family, timeout=STOPPED_WITHIN)[1] == []

            # and every accepted job is done
            for each in jobs:
                wait_for_state(client_of_again, each, "succeeded", deadline=60)
            assert imbalance(client_of_again) == 0


def test_a_worker_that_is_blocked_ends_too_when_all_else_is_killed(tmp_path: Path) -> None:
    with Up(tmp_path, "--probes") as up, up.client() as client:
        # given a job that blocks its worker for longer than anybody waits
        blocked = submit(client, seconds=60, mode="blocking")
        wait_for_state(client, blocked, "running")
        family = up.children()

        # when `up` is killed, then the worker ends by itself all the same
        up.process.kill()
        assert psutil.wait_procs(family, timeout=STOPPED_WITHIN)[1] == []


def test_everything_killed_at_once_goes_on_where_it_was(tmp_path: Path) -> None:
    with Up(tmp_path) as up, up.client() as client:
        jobs = [submit(client, queue, seconds=1) for queue in ("notifier", "processor", "archiver")] * 3

        # when every process is killed, `up` first
        for pid in (up.process.pid, *(child.pid for child in up.children())):
            os.kill(pid, signal.SIGKILL)

    # then a new start does every accepted job
    with Up(tmp_path) as up, up.client() as client:
        for each in jobs:
            wait_for_state(client, each, "succeeded", deadline=60)
        assert imbalance(client) == 0


def test_two_servers_never_have_the_data_open_at_once(tmp_path: Path) -> None:
    with Up(tmp_path) as up, up.client() as client:
        # given a Valkey that outlives its killed parent, because it is frozen
        done = submit(client)
        wait_for_state(client, done, "succeeded")
        frozen = up.child("valkey")
        frozen.suspend()
        up.process.kill()

        # when `up` is started again
        with Up(tmp_path) as again:
            # then it waits, and does not start another one
            again.waits_for_line("^waiting for valkey$")
            assert not [child for child in again.children() if is_running(child, "valkey")]

            # and goes on when the first one has ended
            frozen.resume()
            with again.client() as client_of_again:
                wait_for_state(client_of_again, done, "succeeded")


def test_a_server_elsewhere_is_used_instead_of_an_embedded_one(tmp_path: Path) -> None:
    with RedisServer() as server, Up(tmp_path, "--redis-url", server.url) as up, up.client() as client:
        done = submit(client)

        wait_for_state(client, done, "succeeded")
        with server.client() as redis:
            assert redis.exists(f"aw:job:{done}")
        assert not [child for child in up.children() if "valkey" in child.name()]


def test_probes_that_hurt_are_allowed_only_when_asked_for(tmp_path: Path) -> None:
    body = {"kind": "probe.run", "payload": {"queue": "notifier", "mode": "blocking", "seconds": 0}}

    with Up(tmp_path / "without") as up, up.client() as client:
        assert client.post("/v1/jobs", json=body).status_code == 422
    with Up(tmp_path / "with", "--probes") as up, up.client() as client:
        assert client.post("/v1/jobs", json=body).status_code == 202


@pytest.mark.parametrize("name", ["n" * 200, "with space and 50% ?#"])
def test_any_data_directory_will_do(tmp_path: Path, name: str) -> None:
    # given a data directory whose path fits neither into a socket's address nor, as it is, into a URL
    with Up(tmp_path / name) as up, up.client() as client:
        wait_for_state(client, submit(client), "succeeded")

        # then the socket is there all the same
        assert (tmp_path / name / "valkey.sock").is_socket()


def test_only_the_owner_gets_at_the_data(tmp_path: Path) -> None:
    with Up(tmp_path / "data") as up:
        assert up.address

        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "data" / "valkey.sock").stat().st_mode & 0o777 == 0o600
