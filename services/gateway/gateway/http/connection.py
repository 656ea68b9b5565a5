"""One client's connection: what is no HTTP is refused in our own form, and who takes nothing is let go."""

import asyncio
from typing import Any

from afterwork.errors import MalformedRequest
from gateway.http.receiving import Receiving


class Connection(Receiving):
    """uvicorn's protocol, with problem documents, and an end for readers that do not read.

    send_timeout: seconds after which a client that has taken nothing of what waits for it is cut off. Without that, its
    answer would wait for ever, and so would this process when it is to end.
    """

    def __init__(self, *args: Any, send_timeout: float, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*args, **kwargs)
        self._send_timeout = send_timeout
        self._patience: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._watch_no_more()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """More waits to be sent than should: have an eye on it."""
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        """The client has taken it."""
        self._watch_no_more()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Refuse and close."""
        self.send_problem(MalformedRequest(msg))

    def _watch(self) -> None:
        waiting = self.transport.get_write_buffer_size()
        self._patience = self.loop.call_later(self._send_timeout, self._judge, waiting)

    def _judge(self, waiting: int) -> None:
        if self.transport.get_write_buffer_size() < waiting:
            self._watch()  # slow, but reading
        else:
            self.transport.abort()

    def _watch_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
