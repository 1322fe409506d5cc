"""Settings over HTTP: passed on to the master as asked, bounded, and described for forms."""

from pathlib import Path

import pytest
from tests.monitor.fake import SETTINGS
from tests.monitor.running import Running
from tests.monitor.test_app import play

URL = "/api/v1/settings"


def test_they_are_read(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        assert (await system.http.get(URL)).json() == SETTINGS["get"]
        assert (await system.http.get(f"{URL}/versions")).json() == SETTINGS["versions"]
        schema = (await system.http.get(f"{URL}/schema")).json()
        cut = next(key for key in schema["keys"] if key["key"] == "protect.cell_overvoltage.cut")
        assert (cut["unit"], cut["low"], cut["high"], cut["choices"]) == ("V", 0.5, 5.0, ["off"])
        assert schema["sections"]["protect"] == "protections"

    play(tmp_path, scene)


def test_changes_are_passed_on(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        changes = {"name": "Borea", "charge.tail": None, "ranges[1]": {"name": "Fan", "outputs": [2]}}
        assert (await system.http.post(f"{URL}/check", json={"changes": changes})).json() == SETTINGS["check"]
        assert system.master.asked[-1]["params"] == {"changes": changes}
        answer = await system.http.put(URL, json={"changes": changes, "version": 3})
        assert answer.json() == SETTINGS["set"]
        assert system.master.asked[-1]["params"] == {
            "changes": changes,
            "version": 3,
            "author": "somebody from this computer",
        }
        await system.http.put(URL, json={"text": "x" * 50_000})
        assert len(system.master.asked[-1]["params"]["text"]) == 50_000
        assert (await system.http.post(f"{URL}/rollback", json={})).json() == SETTINGS["rollback"]

    play(tmp_path, scene)


def test_refusals_and_long_files_are_told(tmp_path: Path) -> None:
    async def scene(system: Running) -> None:
        assert (await system.http.put(URL, json={"text": "x" * 70_000})).status_code == 413
        assert (await system.http.put(URL, json={"text": "x" * 61_000})).status_code == 422
        system.master.refusal = {"code": -32000, "message": "a contactor would open at once"}
        answer = await system.http.put(URL, json={"changes": {"name": "x"}})
        assert (answer.status_code, answer.json()["error"]) == (409, "A contactor would open at once.")

    play(tmp_path, scene)


@pytest.mark.parametrize("headers", [{"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}])
def test_only_the_own_pages_may_change_them(tmp_path: Path, headers: dict[str, str]) -> None:
    async def scene(system: Running) -> None:
        assert (await system.http.put(URL, json={"text": ""}, headers=headers)).status_code == 403
        assert not system.master.asked

    play(tmp_path, scene)
