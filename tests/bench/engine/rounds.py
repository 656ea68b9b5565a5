"""Engines filled and drained in turn, round after round, so that a busy moment of the machine meets all alike."""

from collections.abc import Sequence

from tests.bench.engine.figures import Found, Round
from tests.bench.engine.stage import Drained, PeerError, Stage
from tests.bench.peers.catalog import ARQ_TUNED, BULLMQ, OURS, Peer

PROCESSES = (1, 2, 4)
CURVES = {OURS.name, BULLMQ.name}
LOGGED = {OURS.name: 20_000, ARQ_TUNED.name: 2000}
"""Jobs that are run with a line or more in the log for each."""


def compare(found: Found, peers: Sequence[Peer], *, rounds: int, is_quick: bool) -> None:
    """Enqueue, drain, CPU and bytes. In a quick run only references take part in every round."""
    for number in range(rounds):
        for peer in peers:
            if peer.name not in found.missing and (number == 0 or peer.is_reference or not is_quick):
                _add_round(found, peer)


def _add_round(found: Found, peer: Peer) -> None:
    """A peer that fails is missing from here on; if we fail, so does the benchmark."""
    try:
        found.rounds.setdefault(peer.name, []).append(_round(peer))
    except PeerError as error:
        if peer is OURS:
            raise
        found.missing[peer.name] = str(error).splitlines()[0]
        del found.rounds[peer.name]


def _round(peer: Peer) -> Round:
    counts = peer.counts
    with Stage(peer) as stage:
        empty = stage.memory()
        sent = stage.fill(singly=counts.singly, at_once=counts.at_once, bulk=counts.bulk)
        jobs, queued = stage.left(), stage.memory()
        drained = stage.drain()
        return Round(sent, drained, (queued - empty) / jobs, (stage.memory() - empty) / jobs)


def compare_logged(found: Found, peers: Sequence[Peer], *, rounds: int) -> None:
    """The same drain with what the engine logs at INFO written to a file."""
    for _ in range(rounds):
        for peer in peers:
            if peer.name in LOGGED:
                with Stage(peer, level="INFO") as stage:
                    stage.fill(at_once=LOGGED[peer.name])
                    found.logged.setdefault(peer.name, []).append(stage.drain())


def compare_workers(found: Found, peers: Sequence[Peer], *, rounds: int, jobs: int) -> None:
    """The drain by several processes."""
    for _ in range(rounds):
        for processes in PROCESSES:
            for peer in peers:
                if peer.name in CURVES:
                    curve = found.workers.setdefault(peer.name, {})
                    curve.setdefault(processes, []).append(_drained_by(peer, processes, jobs))


def _drained_by(peer: Peer, processes: int, jobs: int) -> Drained:
    with Stage(peer) as stage:
        stage.fill(bulk=jobs)
        return stage.drain(processes)
