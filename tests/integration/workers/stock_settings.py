"""What `arq --check` is told: a worker of ARQ's own would have these settings."""

import os

from arq.connections import RedisSettings


class WorkerSettings:
    queue_name = "notifier"
    redis_settings = RedisSettings(unix_socket_path=os.environ["REDIS_SOCKET"])
