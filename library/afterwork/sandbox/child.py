"""The process of one call, from the fork to its end: walls around it, the function, and what came of it."""

import faulthandler
import fcntl
import gc
import os
import resource
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import psutil

from afterwork import errors
from afterwork.sandbox import inside, linux
from afterwork.sandbox.calls import AnyFunction, Call, decode_arguments, encode_result, found
from afterwork.sandbox.failures import describe
from afterwork.sandbox.frames import MAX_BODY, Frame, Line, Topic
from afterwork.sandbox.orders import Start

CLEAN = 113
"""Exit code of a process that has left no child behind, so that nobody needs to look for any."""
SLACK = 2**30
"""Bytes of addresses beyond the memory limit: libraries reserve far more of them than they use."""
NICENESS = 5
TALK = 3
"""The descriptor of the connection to the worker."""


@dataclass(frozen=True, slots=True)
class Birth:
    """What a child is born with.

    descriptors: connection and output. foreign: descriptors of the server that are none of its business.
    server: process id of its parent. modules: those whose functions it may call.
    """

    start: Start
    descriptors: Sequence[int]
    foreign: Sequence[int]
    server: int
    modules: frozenset[str]


def live(birth: Birth) -> NoReturn:
    """The whole life of a process that was just forked."""
    code = 1
    try:
        line = _line(birth)
        _build_walls(birth)
        voice = inside.Voice(line)
        inside.become_child(voice)
        answer = _answer(line.receive(), birth.modules)
        voice.flush()
        line.send(answer.topic, answer.body)
        _flush()
        code = 0 if _has_children() else CLEAN
    except (EOFError, ConnectionError):
        """The worker does not want it any more."""
    except BaseException:  # noqa: BLE001 - such as no room for its directory
        traceback.print_exc()
        _flush()
    finally:
        os._exit(code)


def _line(birth: Birth) -> Line:
    """0, 1, 2 and 3 are nothing, output, output and the connection; nothing else of the server's is left open."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for descriptor in birth.foreign:
        os.close(descriptor)
    talk, output = birth.descriptors
    fcntl.fcntl(output, fcntl.F_SETFL, os.O_APPEND)  # the server may cut it, and it goes on from there
    os.dup2(output, 1)
    os.dup2(output, 2)
    if talk != TALK:
        os.dup2(talk, TALK, inheritable=False)
        os.close(talk)
    if output != TALK:
        os.close(output)
    return Line(socket.socket(fileno=TALK))


def _build_walls(birth: Birth) -> None:
    os.setsid()
    linux.be_told_of_parents_death(signal.SIGKILL)
    if os.getppid() != birth.server:  # it died before it could be told
        raise EOFError
    linux.adopt_orphans()
    linux.offer_to_oom_killer()
    os.nice(NICENESS)
    _limit(resource.RLIMIT_AS, psutil.Process().memory_info().vms + birth.start.memory + SLACK)
    _limit(resource.RLIMIT_CORE, 0)
    Path(birth.start.directory).mkdir(mode=0o700)
    os.chdir(birth.start.directory)
    tempfile.tempdir = birth.start.directory
    os.environ["TMPDIR"] = birth.start.directory  # noqa: TID251 - for the programs that it starts
    faulthandler.enable()
    if generator := sys.modules.get("numpy.random"):
        generator.seed()  # or every child would draw the same numbers


def _limit(kind: int, most: int) -> None:
    _, bound = resource.getrlimit(kind)
    allowed = most if bound == resource.RLIM_INFINITY else min(most, bound)
    resource.setrlimit(kind, (allowed, allowed))


def _answer(call: Frame, modules: frozenset[str]) -> Frame:
    try:
        return Frame(Topic.RESULT, _result(Call.decode(call.body), modules))
    except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt are failures of the call too
        failure = describe(error)
        del error
        gc.collect()
        return Frame(Topic.FAILURE, failure.model_dump_json().encode())


def _result(call: Call, modules: frozenset[str]) -> bytes:
    function = _permitted(call.function, modules)
    body = encode_result(function, function(*decode_arguments(function, call)))
    if len(body) > MAX_BODY:
        message = f"{call.function} returned {len(body)} bytes as JSON, at most {MAX_BODY} can be taken"
        raise errors.ResultTooLarge(message)
    return body


def _permitted(name: str, modules: frozenset[str]) -> AnyFunction:
    if name.partition(":")[0] not in modules:
        message = f"{name} is of no module that this sandbox was given"
        raise PermissionError(message)
    function: AnyFunction = found(name)
    return function


def _has_children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
