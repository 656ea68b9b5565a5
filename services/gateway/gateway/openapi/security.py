"""What the OpenAPI document says of API keys: which operations ask for one, and how they refuse."""

from afterwork.errors import MissingScope, Unauthenticated
from gateway.http.authentication import is_public
from gateway.http.responses import Node, problems


def complete(document: Node, *, has_keys: bool, public_metrics: bool) -> None:
    """Add 401 and 403 to each operation that asks for a key, in place; what asks for none is not said to."""
    refusals = {str(status): answer for status, answer in problems(Unauthenticated, MissingScope).items()}
    for path, operations in document["paths"].items():
        asks = has_keys and not is_public(path, with_metrics=public_metrics)
        for operation in operations.values():
            if asks:
                operation["responses"] |= refusals
            else:
                operation.pop("security", None)
    if not has_keys:
        document["components"].pop("securitySchemes", None)
