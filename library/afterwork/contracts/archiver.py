"""The archiver: its queue and, as they are built, the contracts of its kinds."""

from afterwork.contracts.service import Service

service = Service(name="archiver", queue="archiver", module="archiver")
