"""How a call crosses to a child process and its result comes back: by name, and as JSON by the annotations."""

import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self, get_type_hints

from pydantic import ConfigDict, TypeAdapter

from afterwork import errors

AnyFunction = Callable[..., Any]
CONFIG = ConfigDict(ser_json_inf_nan="constants", ser_json_bytes="base64", val_json_bytes="base64")


@dataclass(frozen=True, slots=True)
class Call:
    """function: its name. count: of its arguments. arguments: these as a JSON array."""

    function: str
    count: int
    arguments: bytes

    def encode(self) -> bytes:
        """As it is sent."""
        return f"{self.function} {self.count}\n".encode() + self.arguments

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """As it was sent."""
        head, _, arguments = body.partition(b"\n")
        function, _, count = head.decode().rpartition(" ")
        return cls(function, int(count), arguments)


def name_of(function: AnyFunction) -> str:
    """`module:qualname`, by which a child finds it.

    Raises TypeError for what cannot be found by a name (a lambda, a function within a function, a method of an
    object, anything of `__main__`), and for a coroutine or generator function, which would do nothing there.
    """
    if not inspect.isfunction(function):
        message = f"{function!r} is no function of a module"
        raise TypeError(message)
    name = f"{function.__module__}:{function.__qualname__}"
    if "<" in function.__qualname__ or function.__module__ == "__main__":
        message = f"{name} cannot run in a child process: it cannot be imported from a module by its name"
        raise TypeError(message)
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        message = f"{name} cannot run in a child process: it must be a plain function (def, without yield)"
        raise TypeError(message)
    return name


def found(name: str) -> Any:  # noqa: ANN401 - a function or a class
    """What a name stands for, in a module that is loaded. Raises LookupError."""
    module, _, path = name.partition(":")
    try:
        value: Any = sys.modules[module]
        for part in path.split("."):
            value = getattr(value, part)
    except (KeyError, AttributeError):
        message = f"there is no {name} in this process"
        raise LookupError(message) from None
    return value


def encode_call(function: AnyFunction, arguments: Sequence[Any]) -> Call:
    """Raises TypeError (see `name_of`; arguments that do not fit) or pydantic's error for what JSON cannot hold."""
    name = name_of(function)
    inspect.signature(function).bind(*arguments)
    adapter = _of_arguments(function, len(arguments))
    return Call(name, len(arguments), adapter.dump_json(tuple(arguments), warnings="error"))


def decode_arguments(function: AnyFunction, call: Call) -> tuple[Any, ...]:
    """The arguments as the function wants them. Raises ValidationError."""
    decoded: tuple[Any, ...] = _of_arguments(function, call.count).validate_json(call.arguments)
    return decoded


def encode_result(function: AnyFunction, result: Any) -> bytes:  # noqa: ANN401 - what it returned
    """As JSON. Raises ResultNotJson."""
    try:
        return _of_result(function).dump_json((result,), warnings="error")
    except Exception as error:  # noqa: BLE001 - a value's own serializer may raise anything
        message = f"{name_of(function)} returned what is not of its type, or no JSON: {error}"
        raise errors.ResultNotJson(message[:1000]) from None


def decode_result(function: AnyFunction, body: bytes) -> Any:  # noqa: ANN401 - what it returned
    """The result as the function is annotated to return it. Raises ValidationError."""
    (result,) = _of_result(function).validate_json(body)
    return result


@lru_cache(maxsize=256)
def _of_arguments(function: AnyFunction, count: int) -> TypeAdapter[Any]:
    hints = get_type_hints(function, include_extras=True)
    kinds: list[Any] = []
    for parameter in inspect.signature(function).parameters.values():
        missing = count - len(kinds) if parameter.kind is parameter.VAR_POSITIONAL else 1
        kinds += [hints.get(parameter.name, Any)] * missing
    return TypeAdapter(_tuple_of(kinds[:count]), config=CONFIG)


@lru_cache(maxsize=256)
def _of_result(function: AnyFunction) -> TypeAdapter[Any]:
    hints = get_type_hints(function, include_extras=True)
    return TypeAdapter(_tuple_of([hints.get("return", Any)]), config=CONFIG)


def _tuple_of(kinds: Sequence[Any]) -> Any:  # noqa: ANN401 - a type that is made at run time
    return tuple[tuple(kinds)] if kinds else tuple[()]  # type: ignore[misc]
