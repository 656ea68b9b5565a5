"""Submissions with an address of their own: the payload's fields at the top level, `options` beside them."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue, create_model
from pydantic_core import to_json

from afterwork.contracts import Contract, JobOptions
from afterwork.contracts.archiver import ArchiveObjects
from afterwork.contracts.images import AnalyzeImage
from afterwork.contracts.notifier import SendNotification
from afterwork.contracts.tables import ProcessTable
from gateway.http.json_body import JsonBody
from gateway.http.problems import FieldError, InvalidBody
from gateway.jobs.submission import Intake, JobRequest


@dataclass(frozen=True, slots=True)
class Typed:
    """One such address. operation: its id in the OpenAPI document. tag: the group in which it stands there."""

    path: str
    contract: type[Contract]
    operation: str
    tag: str


TYPED = (
    Typed("/v1/notifications", SendNotification, "send_notification", "notifications"),
    Typed("/v1/tables", ProcessTable, "process_table", "tables"),
    Typed("/v1/images", AnalyzeImage, "analyze_image", "images"),
    Typed("/v1/archives", ArchiveObjects, "archive_objects", "archives"),
)


def read_typed(intake: Intake, contract: type[Contract], body: JsonBody) -> JobRequest:
    """The same as a body of `POST /v1/jobs`. Raises InvalidBody, whose pointers lie in the body as it was sent."""
    if not isinstance(body.value, dict):
        raise InvalidBody([FieldError(pointer="", detail="should be an object")])
    payload = {name: value for name, value in body.value.items() if name != "options"}
    whole: dict[str, JsonValue] = {"kind": contract.meta.kind, "payload": payload}
    if "options" in body.value:
        whole["options"] = body.value["options"]
    try:
        return intake.read(JsonBody(to_json(whole), whole))
    except InvalidBody as error:
        raise InvalidBody([_outside(place) for place in error.places]) from error


def body_models() -> Mapping[str, type[Contract]]:
    """Path → the model of what is sent there, for the OpenAPI document."""
    return {typed.path: _body_model(typed.contract) for typed in TYPED}


def _outside(place: FieldError) -> FieldError:
    return FieldError(pointer=place.pointer.removeprefix("/payload"), detail=place.detail)


def _body_model(contract: type[Contract]) -> type[Contract]:
    return create_model(
        f"{contract.__name__}Body",
        __base__=contract,
        __doc__=contract.__doc__,
        options=(JobOptions, JobOptions()),
    )
