"""What the old five programs were sent, as the jobs that do their work now."""

from pydantic import JsonValue
from pydantic_core import to_json

from afterwork.contracts.notifier import SendNotification
from afterwork.contracts.processor import RunTask
from afterwork.contracts.tables import ProcessTable
from gateway.http.json_body import JsonBody
from gateway.http.problems import FieldError, InvalidBody
from gateway.jobs.submission import Intake, JobRequest

MESSAGE = "some notification"
"""What was sent where nothing was said."""


def notification(intake: Intake, email: str, message: str | None) -> JobRequest:
    """A mail with the message. Raises InvalidBody for what is no address or cannot be a text."""
    text = f"notification for {email}: {MESSAGE if message is None else message}"
    payload: JsonValue = {"to": [f"mailto:{email}"], "subject": "Notification", "text": text}
    return _request(intake, SendNotification.meta.kind, payload)


def message_in(body: JsonValue) -> str:
    """The message of a body: a JSON string, or an object that has it. Raises InvalidBody."""
    match body:
        case str(message):
            return message
        case {"message": str(message), **rest} if not rest:
            return message
        case dict():
            raise InvalidBody(
                [FieldError(pointer="/message", detail="should be a string, and nothing beside it")]
            )
        case _:
            raise InvalidBody([FieldError(pointer="", detail='should be a string, or {"message": "…"}')])


def table(intake: Intake, records: JsonValue) -> JobRequest:
    """A table of these records, as it is; the rows stand in the result. Raises InvalidBody."""
    payload: JsonValue = {"source": {"records": records}, "steps": [], "output": {"inline": True}}
    return _request(intake, ProcessTable.meta.kind, payload, within="/payload/source/records")


def long_task(intake: Intake, seconds: float) -> JobRequest:
    """Work that blocks for that long. Raises InvalidBody."""
    return _request(intake, RunTask.meta.kind, {"seconds": seconds})


def _request(intake: Intake, kind: str, payload: JsonValue, within: str = "/payload") -> JobRequest:
    whole: dict[str, JsonValue] = {"kind": kind, "payload": payload}
    try:
        return intake.read(JsonBody(to_json(whole), whole))
    except InvalidBody as error:
        places = [
            FieldError(pointer=_inside(place.pointer, within), detail=place.detail) for place in error.places
        ]
        raise InvalidBody(places) from error


def _inside(pointer: str, within: str) -> str:
    return pointer.removeprefix(within) if pointer.startswith(within) else ""
