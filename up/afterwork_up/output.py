"""Print the lines of all children, each after its name, without ever waiting for a slow or paused terminal."""

import os
import queue
import select
import threading
from collections.abc import Callable

LINES_KEPT = 10_000  # waiting for a terminal that is paused; what comes beyond is counted, not shown
NAME_WIDTH = 11  # as long as `processor-1`, among the longest of the usual names
COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)  # foreground colours of ECMA-48, given to names in turn


class Output:
    """Lines go into a queue that a thread writes out, so that a full pipe or Ctrl-S never stops the supervisor."""

    def __init__(self, descriptor: int, *, colour: bool, on_gone: Callable[[], None]) -> None:
        """Write to an open file descriptor; `on_gone` is called from the thread when nobody reads any more."""
        self._descriptor = descriptor
        self._colour = colour
        self._on_gone = on_gone
        self._colours: dict[str, int] = {}
        self._waiting: queue.Queue[str | None] = queue.Queue(maxsize=LINES_KEPT)
        self._dropped = 0
        self._gone = False
        self._thread = threading.Thread(target=self._write_all, name="output", daemon=True)
        self._thread.start()

    def say(self, text: str) -> None:
        """Print what `afterwork up` itself has to say, as it stands."""
        self._put(text)

    def line(self, name: str, text: str) -> None:
        """Print one line of a child, after its name."""
        head = f"{name:<{NAME_WIDTH}} |"
        if self._colour:
            colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
            head = f"\x1b[{colour}m{head}\x1b[0m"
        self._put(f"{head} {text}")

    def close(self, patience: float = 1.0) -> None:
        """Write out what is waiting, for at most `patience` seconds."""
        try:
            self._waiting.put(None, timeout=patience)
        except queue.Full:
            return
        self._thread.join(patience)

    def _put(self, text: str) -> None:
        try:
            self._waiting.put_nowait(text)
        except queue.Full:
            self._dropped += 1

    def _write_all(self) -> None:
        while (text := self._waiting.get()) is not None:
            if not self._gone:
                self._write(f"{text}\n".encode(errors="replace"))
            if self._dropped and self._waiting.empty():
                dropped, self._dropped = self._dropped, 0
                self._write(f"({dropped} lines not shown: this terminal did not take them)\n".encode())

    def _write(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:
                select.select([], [self._descriptor], [])
            except BrokenPipeError:
                self._gone = True
                self._on_gone()
                return
            except OSError:  # a full disk under a redirected output must not end what it reports about
                return
