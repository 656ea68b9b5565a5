"""What a function can say to its worker while it runs in a child process; outside of one it says it to nobody."""

import threading
import time
from collections import deque
from collections.abc import Callable

from pydantic_core import from_json, to_json

from afterwork.sandbox.failures import Failure, rebuild
from afterwork.sandbox.frames import Line, Topic

BURST = {Topic.PROGRESS: 20, Topic.NEWS: 100}
"""How many messages of a topic are sent at once."""
RATE = 20.0
"""Messages a second of a topic from then on; of what comes faster the last ones are kept, and sent when they may be."""
KEPT = {Topic.PROGRESS: 1, Topic.NEWS: 100}


class Voice:
    """Says things over a line, and not too often. Its methods may be called from any thread.

    now: seconds by a clock that only goes forward.
    """

    def __init__(self, line: Line, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._line = line
        self._lock = threading.Lock()
        self._pending = {topic: deque[bytes](maxlen=kept) for topic, kept in KEPT.items()}
        self._credit = {topic: float(burst) for topic, burst in BURST.items()}
        self._since = now()

    def say(self, topic: Topic, body: bytes) -> None:
        """Send, or keep for later."""
        with self._lock:
            self._pending[topic].append(body)
            self._earn()
            self._send_some()

    def ask(self, body: bytes) -> bytes:
        """Say what is kept, then ask. Raises what the worker refuses with."""
        self.flush()
        frame = self._line.ask(body)
        if frame.topic is Topic.REFUSAL:
            raise rebuild(Failure.model_validate_json(frame.body))
        return frame.body

    def flush(self) -> None:
        """Say what is kept, all of it."""
        with self._lock:
            for topic, pending in self._pending.items():
                while pending:
                    self._line.send(topic, pending.popleft())

    def _earn(self) -> None:
        now = self._now()
        earned, self._since = (now - self._since) * RATE, now
        for topic, credit in self._credit.items():
            self._credit[topic] = min(credit + earned, float(BURST[topic]))

    def _send_some(self) -> None:
        for topic, pending in self._pending.items():
            while pending and self._credit[topic] >= 1:
                self._credit[topic] -= 1
                self._line.send(topic, pending.popleft())


class _Process:
    """What this process is: the child of a worker, or not."""

    voice: Voice | None = None


def become_child(voice: Voice) -> None:
    """From now on this process is a child, and has somebody to speak to."""
    _Process.voice = voice


def report_progress(done: float, total: float | None = None, note: str | None = None) -> None:
    """Say how far the call is: `on_progress` is called in the worker, at most 20 times a second, with the latest."""
    if _Process.voice is not None:
        _Process.voice.say(Topic.PROGRESS, to_json((done, total, note)))


def tell(value: object) -> None:
    """Hand a JSON value to the worker's listener; of many at once the first and the last 100 surely come."""
    if _Process.voice is not None:
        _Process.voice.say(Topic.NEWS, to_json(value))


def ask(value: object) -> object:
    """Ask the worker's listener and return its answer. Raises RuntimeError outside of a child, and its refusals."""
    if _Process.voice is None:
        raise RuntimeError("there is no worker to ask: this is no child process")
    answer: object = from_json(_Process.voice.ask(to_json(value)))
    return answer
