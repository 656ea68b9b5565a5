"""The notifier: its queue and, as they are built, the contracts of its kinds."""

from afterwork.contracts.service import Service

service = Service(name="notifier", queue="notifier", module="notifier")
