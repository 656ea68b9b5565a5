"""`afterwork up` with API keys in its environment: the gateway asks for them, and all else works as before."""

import re
import subprocess
from pathlib import Path

import httpx
from tests.e2e.up_support import Up, submit, wait_for_state

from afterwork.api_keys import Scope, named, new_key

KEY = new_key()
ENTRY = named("shop", [Scope.SUBMIT, Scope.READ], KEY).entry


def test_with_keys_everything_runs_and_may_be_reached_from_elsewhere(tmp_path: Path) -> None:
    with Up(tmp_path, "--host", "0.0.0.0", AFTERWORK_API_KEYS=ENTRY) as up:
        # given that it became ready, and says how to call it
        assert up.address.startswith("http://0.0.0.0:")
        command = up.waits_for_line(r"^  (curl .*/v1/ledger)$")[1]

        # when jobs are submitted
        assert httpx.post(f"{up.address}/v1/jobs", json={}).status_code == 401
        with httpx.Client(base_url=up.address, headers={"Authorization": f"Bearer {KEY}"}) as client:
            wait_for_state(client, submit(client), "succeeded")

        # then the command works when pasted where the key is, and no key was printed
        done = subprocess.run(
            ["bash", "-c", command],
            env={"PATH": "/usr/bin:/bin", "KEY": KEY},
            capture_output=True,
            check=True,
        )
        assert re.search(rb'"imbalance":\s*0', done.stdout)
        assert KEY not in up.printed
        assert ENTRY.rpartition(":")[2] not in up.printed
