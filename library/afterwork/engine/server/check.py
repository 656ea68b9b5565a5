"""Judges a server by what it says of itself: fit, fit with reservations, or unfit, and why."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from afterwork.contracts import Durability
from afterwork.engine.server.answers import Answers
from afterwork.engine.server.durability import durability_of
from afterwork.engine.server.findings import (
    APPEND_ONLY_FAILS,
    READ_ONLY,
    Finding,
    Severity,
    fault,
    finding_of,
    warning,
)

OLDEST = {"Redis": (7, 0), "Valkey": (7, 2)}
WAITAOF_SINCE = {"Redis": (7, 2), "Valkey": (7, 2)}
NEARLY_FULL = 0.9
"""Share of maxmemory from which on there is a warning."""


class UnfitServer(Exception):
    """No waiting makes this server fit. The text is one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class ServerReport:
    """A server as it is. flavour: `Redis` or `Valkey`, empty if it does not say. findings: faults come first."""

    flavour: str
    version: str
    durability: Durability
    findings: tuple[Finding, ...]

    @property
    def faults(self) -> tuple[Finding, ...]:
        """Why jobs cannot be accepted, or would not be safe."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.FAULT)

    @property
    def is_fit(self) -> bool:
        """Whether jobs can be accepted and are as safe as `durability` says."""
        return not self.faults

    @property
    def is_asked(self) -> bool:
        """Whether it was reached, and has answered."""
        return bool(self.version) or self.is_fit

    @property
    def is_unexplained(self) -> bool:
        """Whether it was not reached, for a reason that the error alone does not tell."""
        return any(finding.code in {"away", "tls-fails"} for finding in self.findings)

    @property
    def reason(self) -> str:
        """The faults, or else the warnings, in one line; empty if there is nothing to say."""
        return "; ".join(finding.text for finding in self.faults or self.findings)

    def refuse_what_lasts(self) -> None:
        """Raise UnfitServer if there is a fault that no waiting mends."""
        lasting = [finding.text for finding in self.faults if finding.lasts]
        if lasting:
            raise UnfitServer("; ".join(lasting))


def unreachable(error: BaseException) -> ServerReport:
    """The report of a server that could not be asked."""
    return ServerReport("", "", Durability.UNKNOWN, (finding_of(error),))


def judge(answers: Answers, *, replicas: int = 0) -> ServerReport:
    """What the answers mean. replicas: how many of them jobs are to reach before they are accepted."""
    info = answers.info
    flavour = "Valkey" if "valkey_version" in info else "Redis" if "redis_version" in info else ""
    version = str(info.get("valkey_version") or info.get("redis_version") or "")
    if flavour and _numbers(version) < OLDEST[flavour]:
        text = f"{flavour} {version} is too old: Redis 7.0 or newer is needed, or Valkey 7.2 or newer"
        found = [fault("too-old", text, lasts=True)]  # what else it says may mean something else
    else:
        able = flavour != "" and _numbers(version) >= WAITAOF_SINCE[flavour]
        found = [
            *_on_writing(answers),
            *_on_eviction(info),
            *_on_persistence(answers),
            *_on_replicas(info, replicas, able=able),
            *_on_memory(info),
        ]
    unique = dict.fromkeys(sorted(found, key=lambda finding: finding.severity is not Severity.FAULT))
    return ServerReport(flavour, version, _durability(answers), tuple(unique))


def _durability(answers: Answers) -> Durability:
    if not answers.config and answers.info.get("aof_enabled") == 0:
        return Durability.MEMORY
    return durability_of(answers.config)


def _on_writing(answers: Answers) -> Iterator[Finding]:
    if answers.info.get("role") == "slave":
        yield READ_ONLY
    mode = answers.info.get("redis_mode") or answers.info.get("server_mode")
    if mode in {"cluster", "sentinel"}:
        yield fault("cluster", f"Redis runs as {mode}: give Afterwork a server that does not", lasts=True)
    if answers.info.get("aof_last_write_status") == "err":
        yield APPEND_ONLY_FAILS
    if answers.refusal is not None:
        yield finding_of(answers.refusal)
    elif not answers.info:
        yield warning(
            "info-hidden", "Redis does not let its user ask INFO, so it cannot be checked: allow it"
        )


def _on_eviction(info: Mapping[str, object]) -> Iterator[Finding]:
    policy = str(info.get("maxmemory_policy", "noeviction"))
    remedy = "set it to noeviction"
    if policy == "noeviction":
        return
    if info.get("maxmemory") == 0:
        text = f"maxmemory-policy is {policy}, which will delete data as soon as maxmemory is set: {remedy}"
        yield warning("eviction-armed", text)
    elif policy.startswith("allkeys-"):
        text = f"maxmemory-policy is {policy}, so jobs are deleted when memory is full: {remedy}"
        yield fault("evicting", text, lasts=True)
    else:
        text = f"maxmemory-policy is {policy}, so locks and idempotency keys are deleted early: {remedy}"
        yield warning("evicting-volatile", text)


def _on_persistence(answers: Answers) -> Iterator[Finding]:
    config = answers.config
    if answers.info.get("aof_enabled") == 0 or config.get("appendonly") == "no":
        yield warning(
            "memory-only", "it keeps no append-only file: jobs are lost when it ends; set appendonly yes"
        )
        return
    if not config and answers.refusal is None:
        text = (
            "it does not let its user ask CONFIG GET, so what a job's durability is cannot be told: allow it"
        )
        yield warning("config-hidden", text)
    if config.get("appendfsync") == "everysec":
        text = "up to a second of accepted jobs is lost if its machine fails: set appendfsync always"
        yield warning("everysec", text)
    if config.get("appendfsync") == "no":
        text = "the system decides when accepted jobs reach the disk: set appendfsync always"
        yield warning("no-fsync", text)
    if config.get("no-appendfsync-on-rewrite") == "yes":
        text = (
            "nothing reaches the disk for sure while the file is rewritten: set no-appendfsync-on-rewrite no"
        )
        yield warning("fsync-pauses", text)


def _on_replicas(info: Mapping[str, object], wanted: int, *, able: bool) -> Iterator[Finding]:
    if not wanted:
        return
    if not able:
        text = (
            "AFTERWORK_REDIS__REPLICAS is set, but this version cannot tell what a replica has: use Redis 7.2"
        )
        yield warning("replicas-untold", text)
        return
    there = info.get("connected_slaves", 0)
    if isinstance(there, int) and there < wanted:
        text = (
            f"{there} of {wanted} replicas are connected, so accepted jobs are on fewer machines than wanted"
        )
        yield warning("replicas-missing", text)


def _on_memory(info: Mapping[str, object]) -> Iterator[Finding]:
    used, limit = info.get("used_memory"), info.get("maxmemory")
    if not isinstance(used, int) or not isinstance(limit, int) or not limit:
        return
    if used >= limit:
        yield warning("memory-full", "its memory is full, so that new jobs are refused: raise maxmemory")
    elif used > NEARLY_FULL * limit:
        text = f"{used * 100 // limit} % of its memory is used; new jobs are refused when it is full: raise maxmemory"
        yield warning("memory-nearly-full", text)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])
