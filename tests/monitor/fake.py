"""A scripted master: the API socket of docs/api.md, saying only what a test tells it to say."""

import asyncio
import json
from pathlib import Path
from typing import Any

from tbms.model.patch import clean, diff
from tbms.model.snapshot import Snapshot
from tbms.settings import load
from tbms.settings.form import filled
from tbms.store.plain import plain

JUDGED = {"problems": [], "differences": [{"key": "name", "before": "Aurora", "after": "Borea"}], "applies": "now"}
SETTINGS: dict[str, Any] = {
    "get": {
        "file": "boat.toml",
        "version": 3,
        "pending": False,
        "text": 'name = "Aurora"\n',
        "settings": filled(
            load(None, ['name="Aurora"', 'outputs[1].name="Charger"', "outputs[1].role=charger_enable"])
        ),
    },
    "check": JUDGED,
    "set": JUDGED | {"version": 4},
    "rollback": JUDGED | {"version": 5},
    "versions": {
        "versions": [
            {"version": 3, "time": 1.7e9, "author": "Anna", "differences": ['name "Borea" -> "Aurora"']},
            {"version": 2, "time": 1.6e9, "author": "the settings file", "differences": []},
        ]
    },
}


class FakeMaster:
    """Listens on `path`; `show` sends a snapshot to all who subscribed, `raw` any bytes at all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.refusal: dict[str, Any] | None = None
        self.subscribed = asyncio.Event()
        self.connections = 0
        self._state: dict[str, Any] = {}
        self._seq = 0
        self._writers: list[asyncio.StreamWriter] = []
        self._subscribers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_unix_server(self._serve, self.path)

    async def stop(self) -> None:
        """Close the socket and every connection, as a killed master does."""
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.close()
        self._writers, self._subscribers = [], []
        self.subscribed.clear()
        self.path.unlink(missing_ok=True)
        await asyncio.sleep(0)

    def show(self, snapshot: Snapshot | dict[str, Any]) -> None:
        """Publish: a patch to those who have the last one."""
        state = plain(snapshot)
        patch = diff(clean(self._state), clean(state))
        self._state = state
        self._seq += 1
        self._send("state", {"seq": self._seq, "patch": patch} if self._seq > 1 else self._full())

    def raw(self, data: bytes) -> None:
        """Send any bytes to all subscribers."""
        for writer in self._subscribers:
            writer.write(data)

    def skip(self) -> None:
        """Lose one number, as a broken line would."""
        self._seq += 1

    def _full(self) -> dict[str, Any]:
        return {"seq": self._seq, "full": self._state}

    def _send(self, method: str, params: dict[str, Any]) -> None:
        self.raw(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}).encode() + b"\n")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while line := await reader.readline():
                self._answer(json.loads(line), writer)
        except OSError:
            pass
        finally:
            writer.close()

    def _answer(self, request: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": request["id"]}
        if request["method"] == "subscribe":
            writer.write(json.dumps(reply | {"result": True}).encode() + b"\n")
            self._subscribers.append(writer)
            if self._seq:
                full = {"jsonrpc": "2.0", "method": "state", "params": self._full()}
                writer.write(json.dumps(full).encode() + b"\n")
            self.subscribed.set()
            return
        if request["method"] != "events":
            self.asked.append(request)
        if self.refusal is not None and request["method"] != "events":
            reply["error"] = self.refusal
        elif request["method"] == "events":
            after, limit = request["params"]["after_id"], request["params"]["limit"]
            found = [event for event in self.events if event["id"] > after][:limit]
            reply["result"] = {"events": found, "last": found[-1]["id"] if found else after}
        elif request["method"].startswith("settings."):
            reply["result"] = SETTINGS[request["method"].removeprefix("settings.")]
        elif request["method"] == "why":
            reply["result"] = {"subject": request["params"]["subject"], "state": "on", "sentence": "So.", "event": None}
        else:
            reply["result"] = {"taken": True}
        writer.write(json.dumps(reply).encode() + b"\n")
