"""What `hello.greet` is, and who works it."""

from afterwork.contracts import Contract, Service

service = Service(name="greeter", queue="greeter", module="greeter")


class Greet(Contract, kind="hello.greet", queue="greeter", max_attempts=3, timeout=30):
    """Greet somebody by name."""

    name: str
