"""From the body of a submission to a contract and its options, or to a list of what is wrong with it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from afterwork.contracts import Contract, JobOptions, Service
from afterwork.contracts.probe import ProbeFailure, ProbeMode, ProbeRun
from afterwork.errors import UnknownKind
from gateway.http.json_body import JsonBody
from gateway.http.pointers import MAX_PLACES, places
from gateway.http.problems import FieldError, InvalidBody
from gateway.jobs.follow_ups import FollowUps


class JobRequest(BaseModel):
    """The body of `POST /v1/jobs`: a kind, its payload, and how the job is to be run."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    kind: str
    payload: Contract
    options: JobOptions = JobOptions()


class Intake:
    """What may be submitted here: the registered kinds, into the queues of the registered services.

    probes: whether `probe.run` may hurt its worker (`all`) or not (`async`).
    """

    def __init__(
        self,
        kinds: Mapping[str, type[Contract]],
        services: Mapping[str, Service],
        *,
        probes: Literal["async", "all"],
    ) -> None:
        self.models = {kind: _request_model(kind, contract) for kind, contract in kinds.items()}
        self._queues = sorted({service.queue for service in services.values()})
        self._probes = probes
        self._follow_ups = FollowUps(kinds, self._refused, self._fixed)

    def read(self, body: JsonBody) -> JobRequest:
        """Validate strictly: a string is no number. Raises InvalidBody or UnknownKind."""
        model = self._model_for(body)
        try:
            request = model.model_validate_json(body.raw, strict=True)
        except ValidationError as error:
            raise InvalidBody(places(error, body.value)) from error
        faults = [*self._refused(request.payload), *self._follow_ups.faults(request.options.then)]
        if faults:
            raise InvalidBody(faults[:MAX_PLACES])
        return request

    def restrict(self, schemas: Mapping[str, dict[str, Any]]) -> None:
        """Write into the JSON Schemas of the contracts, by name of class, what is refused here beyond them."""
        schemas["FollowUp"]["properties"]["kind"]["enum"] = sorted(self.models)
        for request in self.models.values():
            contract = request.model_fields["payload"].annotation
            if contract is None or contract.meta.queue is not None:
                continue
            fields = schemas[contract.__name__]["properties"]
            fields["queue"]["enum"] = self._queues
            if contract is ProbeRun and self._probes != "all":
                fields["mode"] = {"enum": [ProbeMode.ASYNC], "default": ProbeMode.ASYNC}
                harmless = [failure for failure in ProbeFailure if failure is not ProbeFailure.KILL]
                fields["fail"] = {"enum": harmless, "default": ProbeFailure.NEVER}

    def _model_for(self, body: JsonBody) -> type[JobRequest]:
        match body.value:
            case {"kind": str(kind)} if kind in self.models:
                return self.models[kind]
            case {"kind": str(kind)}:
                message = f"there is no kind {kind[:100]!r}; GET /v1/kinds lists those that are there"
                raise UnknownKind(message)
            case {"kind": _}:
                raise InvalidBody([FieldError(pointer="/kind", detail="Input should be a valid string")])
            case dict():
                raise InvalidBody([FieldError(pointer="/kind", detail="is missing")])
            case _:
                raise InvalidBody([FieldError(pointer="", detail="should be an object")])

    def _refused(self, payload: Contract) -> Iterator[FieldError]:
        yield from self._queue_faults(payload)
        yield from self._probe_faults(payload)

    def _fixed(self, contract: type[Contract]) -> Collection[str]:
        """The fields that decide what `_refused` says."""
        if contract is ProbeRun and self._probes != "all":
            return "queue", "mode", "fail"
        return () if contract.meta.queue else ("queue",)

    def _queue_faults(self, payload: Contract) -> Iterable[FieldError]:
        queue = payload.target_queue()
        if queue not in self._queues:
            detail = f"there is no queue {queue[:100]!r}, only {', '.join(self._queues)}"
            yield FieldError(pointer="/payload/queue", detail=detail)

    def _probe_faults(self, payload: Contract) -> Iterable[FieldError]:
        if self._probes == "all" or not isinstance(payload, ProbeRun) or not payload.is_dangerous:
            return
        refusal = "is refused here, because it can hurt a worker (AFTERWORK_PROBES=all allows it)"
        if payload.mode is not ProbeMode.ASYNC:
            yield FieldError(pointer="/payload/mode", detail=f"{payload.mode} {refusal}")
        if payload.fail is ProbeFailure.KILL:
            yield FieldError(pointer="/payload/fail", detail=f"{payload.fail} {refusal}")


def _request_model(kind: str, contract: type[Contract]) -> type[JobRequest]:
    return create_model(
        f"{contract.__name__}Request",
        __base__=JobRequest,
        __doc__=f"Submit a job of kind `{kind}`.",
        kind=(str, Field(json_schema_extra={"const": kind})),
        payload=(contract, ...),
    )
