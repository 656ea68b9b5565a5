"""Schemathesis against a gateway with keys, a Valkey and a worker: what the OpenAPI document says is what happens."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.processes import ServiceProcess
from tests.servers import RedisServer

from afterwork.api_keys import Scope, named, new_key

HERE = Path(__file__).parent
SEED = 1
EXAMPLES = 50
"""Requests per operation and phase; about two minutes in all."""


@pytest.mark.timeout(700)
def test_the_gateway_does_what_its_openapi_document_says(tmp_path: Path) -> None:
    # Given
    key = new_key()
    with (
        RedisServer() as redis,
        ServiceProcess(
            "gateway",
            AFTERWORK_REDIS__URL=redis.url,
            AFTERWORK_STORES__INBOX__URL=f"file://{tmp_path}/inbox",
            AFTERWORK_API_KEYS=named("fuzz", [Scope.ADMIN], key).entry,
            AFTERWORK_GATEWAY__KEEP_ALIVE="0.2",
        ) as gateway,
        ServiceProcess("notifier", AFTERWORK_REDIS__URL=redis.url),
    ):
        # When
        run = subprocess.run(
            [
                Path(sys.executable).with_name("schemathesis"),
                *("--config-file", HERE / "openapi_fuzz.toml"),
                *("run", f"{gateway.url}/openapi.json"),
                *("--seed", str(SEED), "--max-examples", str(EXAMPLES)),
            ],
            cwd=tmp_path,  # where its caches may lie
            env={**os.environ, "AFTERWORK_FUZZ_KEY": key, "PYTHONPATH": str(HERE)},  # where the hooks are
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

        # Then
        assert run.returncode == 0, run.stdout
        assert gateway.get("/readyz").json()["ready"]
        assert "Traceback" not in gateway.log
