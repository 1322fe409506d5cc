"""What holds for every test: random examples without a stop-watch, and which tests want the machine to themselves."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tests.campaign import examples

# Machines are shared and noisy: a slow example is no wrong one. Other examples come with every run.
settings.register_profile(
    "house", max_examples=examples(50, 1000), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")

HERE = Path(__file__).parent
REALTIME = (
    "drivers/test_node_bus.py",
    "simulator/test_process.py",
    "simulator/test_remote.py",
    "simulator/test_mbpoll.py",
    "simulator/test_bus_faults.py",
    "cli/test_run_nodes.py",
    "cli/test_bench_failsafe.py",
    "drivers/test_line_time.py",
)
"""Programs on a paced serial line, judged by the clock: `make test` runs them one at a time after the others."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that are judged by the clock."""
    for item in items:
        if item.path.relative_to(HERE).as_posix() in REALTIME:
            item.add_marker(pytest.mark.realtime)


def pytest_configure(config: pytest.Config) -> None:
    """Say what the mark means."""
    config.addinivalue_line("markers", "realtime: judged by the clock; runs alone")
