"""Cron jobs, as ARQ describes them."""

from arq.cron import CronJob, cron, next_cron

__all__ = ["CronJob", "cron", "next_cron"]
