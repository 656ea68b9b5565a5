"""Ctrl-C and its kin: the first one asks for an orderly end, the next one for an end at once."""

import asyncio
import contextlib
import signal


class EndRequests:
    """Events that signals set; made inside the running loop."""

    def __init__(self) -> None:
        self.orderly = asyncio.Event()
        self.at_once = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # started by nohup: goes on when the terminal closes
            self._loop.add_signal_handler(number, self.ask)

    def ask(self) -> None:
        """Ask once more."""
        (self.at_once if self.orderly.is_set() else self.orderly).set()

    def ask_from_thread(self) -> None:
        """The same, from another thread; without effect when all is over."""
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self.ask)
