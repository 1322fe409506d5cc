"""Every route against its own description: whatever is asked, the answer is one of those that are described."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from tests.monitor import past
from tests.monitor.running import Running
from tests.monitor.test_app import play

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
)  # fmt: skip
LONGEST = 120.0  # s


@pytest.mark.slow
@pytest.mark.parametrize("which", ["--exclude-path-regex", "--include-path-regex"])
def test_the_api_keeps_to_its_description(tmp_path: Path, which: str) -> None:
    """Log-in and people apart from the rest: a first person that is made up would lock out everything after it."""
    past.fill(tmp_path)

    async def scene(system: Running) -> None:
        system.master.events = past.EVENTS
        address = f"{str(system.http.base_url).rstrip('/')}/api/v1/openapi.json"
        command = [
            sys.executable, "-m", "schemathesis.cli", "run", address, "--checks", ",".join(CHECKS),
            "--max-examples", "8", "--phases", "fuzzing", "--generation-deterministic", "--request-timeout", "20",
            which, "session|people",
        ]  # fmt: skip
        done = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, timeout=LONGEST, check=False, cwd=tmp_path
        )
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        assert " passed" in done.stdout

    play(tmp_path, scene)
