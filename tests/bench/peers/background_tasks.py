"""FastAPI's BackgroundTasks behind the same body as `POST /v1/jobs`: validated, answered 202, kept nowhere."""

import os
import socket
from typing import Annotated

import uvicorn
import uvloop
from fastapi import BackgroundTasks, FastAPI
from pydantic import BaseModel, Field

app = FastAPI()


class Payload(BaseModel):
    """What a `probe.run` takes, as far as the benchmark sends it."""

    queue: Annotated[str, Field(max_length=100)]
    seconds: Annotated[float, Field(ge=0, le=86_400)] = 0.0


class JobRequest(BaseModel):
    """The body of `POST /v1/jobs`."""

    kind: str
    payload: Payload


async def noop(_payload: Payload) -> None:
    """The work."""


@app.post("/v1/jobs", status_code=202)
async def submit(request: JobRequest, tasks: BackgroundTasks) -> dict[str, str]:
    """Answer first, work afterwards."""
    tasks.add_task(noop, request.payload)
    return {"state": "queued"}


class Server(uvicorn.Server):
    """Says on which port it serves, as the services do."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Any free port."""
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        ready = int(os.environ["AFTERWORK_READY_FD"])
        os.write(ready, f"http://127.0.0.1:{port}\n".encode())
        os.close(ready)


if __name__ == "__main__":
    options = uvicorn.Config(
        app, port=0, loop="uvloop", http="httptools", log_level="warning", access_log=False
    )
    uvloop.run(Server(options).serve())
