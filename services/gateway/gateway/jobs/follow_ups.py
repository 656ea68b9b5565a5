"""What is wrong with a job's `then`, as far as it can be told before the job has returned anything."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from pydantic import JsonValue, ValidationError
from pydantic_core import ErrorDetails, to_json

from afterwork.contracts import Contract, FollowUp
from afterwork.contracts.placeholders import Sources, fill, has_placeholders
from gateway.http.pointers import places
from gateway.http.problems import FieldError

Payload = dict[str, JsonValue]
_FIXED = "must be given without placeholders"


class FollowUps:
    """Checks them. kinds: those that may be submitted here.

    refused: what of a payload is refused here although it fits its contract. fixed: the fields on which that depends.
    """

    def __init__(
        self,
        kinds: Mapping[str, type[Contract]],
        refused: Callable[[Contract], Iterable[FieldError]],
        fixed: Callable[[type[Contract]], Collection[str]],
    ) -> None:
        self._kinds = kinds
        self._refused = refused
        self._fixed = fixed

    def faults(self, then: Sequence[FollowUp], at: str = "/options/then") -> Iterator[FieldError]:
        """All faults, those of follow-ups of follow-ups included. at: where `then` stands in the body."""
        for number, follow_up in enumerate(then):
            here = f"{at}/{number}"
            contract = self._kinds.get(follow_up.kind)
            if contract is None:
                yield FieldError(pointer=f"{here}/kind", detail=f"there is no kind {follow_up.kind!r}")
            else:
                for fault in self._payload_faults(contract, follow_up.payload):
                    yield FieldError(pointer=f"{here}{fault.pointer}", detail=fault.detail)
            yield from self.faults(follow_up.options.then, f"{here}/options/then")

    def _payload_faults(self, contract: type[Contract], template: Payload) -> Iterator[FieldError]:
        """A field with placeholders in it may become anything, so only the others are judged."""
        is_open = {name: has_placeholders(value) for name, value in template.items()}
        loose = [name for name in self._fixed(contract) if is_open.get(name)]
        if loose:
            yield from (FieldError(pointer=f"/payload/{name}", detail=_FIXED) for name in loose)
            return
        payload = {name: value if is_open[name] else _literal(value) for name, value in template.items()}
        try:
            job = _validated(contract, payload)
        except ValidationError as error:
            yield from _certain(error, payload, is_open)
            given = {name: value for name, value in payload.items() if not is_open[name]}
            try:
                job = _validated(contract, given)
            except ValidationError:
                return
        yield from self._refused(job)


def _validated(contract: type[Contract], payload: Payload) -> Contract:
    return contract.model_validate_json(to_json(payload), strict=True)


def _certain(error: ValidationError, payload: Payload, is_open: Mapping[str, bool]) -> Iterator[FieldError]:
    """Whatever is filled in, these will be wrong."""

    def is_certain(detail: ErrorDetails) -> bool:
        where = detail["loc"]
        if not where:
            return not any(is_open.values())
        return not is_open.get(str(where[0])) or (len(where) == 1 and detail["type"] == "extra_forbidden")

    for place in places(error, payload, is_told=is_certain):
        yield FieldError(pointer=f"/payload{place.pointer}", detail=place.detail)


def _literal(value: JsonValue) -> JsonValue:
    return fill({"": value}, Sources("", None), room=0)[""]
