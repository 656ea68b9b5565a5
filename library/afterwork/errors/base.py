"""The trunk of the tree of errors."""

from collections.abc import Iterator
from typing import ClassVar


class AfterworkError(Exception):
    """Base of the tree. The class docstrings below are what a problem page says."""

    code: ClassVar[str] = ""
    title: ClassVar[str] = ""
    status: ClassVar[int] = 500

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title


class RequestError(AfterworkError):
    """The request cannot be served as it is."""

    status = 400


class UnavailableError(AfterworkError):
    """The request is fine, but the system cannot serve it now."""

    status = 503


class JobError(AfterworkError):
    """How a job, or one attempt of it, ended. `retryable`: whether another attempt may help."""

    retryable: ClassVar[bool] = False


def problem_types(base: type[AfterworkError] = AfterworkError) -> Iterator[type[AfterworkError]]:
    """Every class of the tree that has a code of its own, in the order of this file."""
    for cls in base.__subclasses__():
        if cls.code:
            yield cls
        yield from problem_types(cls)
