"""The API's methods, as a table."""

import asyncio
import hmac
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from tbms import __version__
from tbms.core.why import why
from tbms.master.feed import Feed
from tbms.master.link import ApiEnd
from tbms.master.params import About, AfterEvent, AfterSample, Ask, Check, Hello, Params, read
from tbms.master.rpc import NO_TOKEN, REFUSED, UNAVAILABLE, UNKNOWN_METHOD, Request, RpcError
from tbms.store.events import EventReader
from tbms.store.plain import encode

LOOKED_THROUGH = 2000  # events: more are of another day
STALE = 2.0  # s: leases have run out; a state that old says nothing of now
ANSWER_WITHIN = 1.0  # s for control to take a command: ten cycles


@dataclass(frozen=True)
class Shop:
    """What the methods work on.

    settings: the settings in force, in plain words. check: judges a settings file, giving its problems.
    settings_file: where a person edits them. token: for TCP; empty: no TCP.
    """

    feed: Feed
    link: ApiEnd
    events: EventReader
    settings: dict[str, Any]
    settings_file: str
    check: Callable[[str], list[str]]
    token: str = ""


class Desk:
    """Serves requests; one for the process. trusted clients need no token."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self._waiting: dict[int, asyncio.Future[str]] = {}
        self._number = 0
        self._judging = asyncio.Lock()

    async def serve(self, request: Request) -> Any:
        """The result of a request, plain or as ready JSON in bytes; RpcError when there is none."""
        method = METHODS.get(request.method)
        if method is None:
            raise RpcError(UNKNOWN_METHOD, f"no method {request.method[:40]!r}; there are {', '.join(METHODS)}")
        return await method.run(self, read(method.params, request.params))

    def acknowledged(self, message: bytes) -> None:
        """Control has taken or refused a command."""
        told = json.loads(message)
        waiting = self._waiting.pop(told["number"], None)
        if waiting and not waiting.done():
            waiting.set_result(told["refusal"])

    async def hello(self, params: Hello) -> dict[str, Any]:
        """Name and version of the system; over TCP, with the token, opens the connection."""
        if self.shop.token and not hmac.compare_digest(params.token.encode(), self.shop.token.encode()):
            raise RpcError(NO_TOKEN, "the token is not right; it stands in the file `token` of the data folder")
        return {"name": "tbms", "version": __version__}

    async def state(self, params: Params) -> bytes:
        """Everything that is true now: `{seq, age, state}`; age (s) since control sent it."""
        feed = self.shop.feed
        age = feed.age(time.monotonic())
        if age is None:
            raise RpcError(UNAVAILABLE, "nothing has been measured yet")
        return b'{"seq":%d,"age":%.3f,"state":%b}' % (feed.seq, age, feed.full)

    async def subscribe(self, params: Params) -> bool:
        """True, then notifications `state`: first `{seq, full}`, then 10 a second `{seq, patch}`.

        A patch (RFC 7386) makes state seq of state seq - 1. In it null takes a member away: a missing
        member and null both mean unknown. A client that reads too slowly misses some and then gets
        `{seq, full}` again; one that does not read for 10 s is dropped.
        """
        return True

    async def settings_get(self, params: Params) -> dict[str, Any]:
        """The settings in force, and the file they came from."""
        return {"file": self.shop.settings_file, "settings": self.shop.settings}

    async def settings_check(self, params: Check) -> dict[str, Any]:
        """Judge a settings file without using it: `{problems: [sentences]}`, empty when it is good."""
        async with self._judging:  # one at a time: it is costly
            problems = await asyncio.to_thread(self.shop.check, params.text)
        return {"problems": problems}

    async def settings_set(self, params: Check) -> dict[str, Any]:
        """Refused in this version: settings are changed in their file, by a person with access to it."""
        raise RpcError(
            REFUSED, f"settings are not changed over a connection: edit {self.shop.settings_file} and start again"
        )

    async def command(self, params: Ask) -> dict[str, Any]:
        """Ask for something: `{taken: true}` when control has it; what came of it is told by events."""
        if params.kind == "output" and (params.target is None or not params.value):
            raise RpcError(REFUSED, "an output is commanded with target 1..6 and value on, off or auto")
        self._number += 1
        number, future = self._number, asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            if not self.shop.link.ask({"number": number} | params.model_dump()):
                raise RpcError(UNAVAILABLE, "too many commands wait for the control process; try again")
            refusal = await asyncio.wait_for(future, ANSWER_WITHIN)
        except TimeoutError:
            raise RpcError(UNAVAILABLE, f"the control process did not answer within {ANSWER_WITHIN:g} s") from None
        finally:
            self._waiting.pop(number, None)
        if refusal:
            raise RpcError(REFUSED, refusal)
        return {"taken": True}

    async def list_events(self, params: AfterEvent) -> bytes:
        """What happened: `{events: [...], last: id}`, oldest first; ids run without gaps for life."""
        after = params.after_id
        if after is None:
            after = max(0, self.shop.events.newest() - params.limit)
        found = self.shop.events.after(after, params.limit)
        last = found[-1]["id"] if found else after
        return b'{"events":%b,"last":%d}' % (encode(found), last)

    async def why(self, params: About) -> dict[str, Any]:
        """Why a contactor or an output stands as it does: `{subject, state, sentence, event}`.

        event: the fault that is the reason, else the newest event about the subject; null where the log has none.
        """
        feed = self.shop.feed
        age = feed.age(time.monotonic())
        state = None if age is None or age > STALE else json.loads(feed.full)
        events = await asyncio.to_thread(self.shop.events.recent, LOOKED_THROUGH)
        return why(params.subject, state, events)._asdict()

    async def list_samples(self, params: AfterSample) -> bytes:
        """What was measured in the last 10 minutes, from memory: `{samples: [...], last: seq}`.

        A sample: `{seq, time, timestamp, current, pack_voltage, cell_voltages, temperatures}`, as in Sample.
        """
        rows = self.shop.feed.rows(params.after_seq, params.limit)
        return b'{"samples":[%b],"last":%d}' % (b",".join(rows), self.shop.feed.samples)


@dataclass(frozen=True)
class Method:
    """One row of the table: the parameters' shape, and what serves them."""

    params: type[Params]
    serve: Callable[..., Awaitable[Any]]

    async def run(self, desk: Desk, params: Params) -> Any:
        """Serve it."""
        return await cast(Callable[[Desk, Params], Awaitable[Any]], self.serve)(desk, params)


METHODS = {
    "hello": Method(Hello, Desk.hello),
    "state": Method(Params, Desk.state),
    "subscribe": Method(Params, Desk.subscribe),
    "settings.get": Method(Params, Desk.settings_get),
    "settings.check": Method(Check, Desk.settings_check),
    "settings.set": Method(Check, Desk.settings_set),
    "command": Method(Ask, Desk.command),
    "events": Method(AfterEvent, Desk.list_events),
    "why": Method(About, Desk.why),
    "samples": Method(AfterSample, Desk.list_samples),
}
