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
from tbms.master.cabinet import Cabinet
from tbms.master.feed import Feed
from tbms.master.link import ApiEnd
from tbms.master.params import About, AfterEvent, AfterSample, Ask, Author, Change, Check, Hello, Params, read
from tbms.master.rpc import NO_TOKEN, REFUSED, UNAVAILABLE, UNKNOWN_METHOD, Request, RpcError
from tbms.settings.change import Judgement
from tbms.store.events import EventReader
from tbms.store.plain import encode

LOOKED_THROUGH = 2000  # events: more are of another day
STALE = 2.0  # s: leases have run out; a state that old says nothing of now
ANSWER_WITHIN = 1.0  # s for control to take a command: ten cycles
TAKING_OVER = 3.0  # s for control to take over settings
SAID = 20  # problems or differences that are told
NOTE = 2000  # characters of an event
VERSION = ("version", "time", "author", "differences")


@dataclass(frozen=True)
class Shop:
    """What the methods work on.

    cabinet: the settings and their versions. token: for TCP; empty: no TCP.
    """

    feed: Feed
    link: ApiEnd
    events: EventReader
    cabinet: Cabinet
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
        """The settings: `{file, version, text, settings, pending, refused}`; settings with every default filled in.

        pending: some of them wait for the next start; until then those before them are in force. refused: what is
        wrong with the file, where the last good version is in force instead; the next change takes the file's place.
        """
        cabinet = self.shop.cabinet
        newest = await asyncio.to_thread(cabinet.newest)
        found = {"file": str(cabinet.path), "version": newest, "text": cabinet.text, "settings": cabinet.settings}
        return found | {"pending": cabinet.running != cabinet.text, "refused": cabinet.refused}

    async def settings_check(self, params: Check) -> dict[str, Any]:
        """Judge a change without making it: `{problems: [sentences], differences: [{key, before, after}], applies}`.

        applies: `now`, `restart` (it is kept and comes into force at the next start) or `nothing`.
        """
        async with self._judging:  # one at a time: it is costly
            found = await asyncio.to_thread(self.shop.cabinet.judge, params.text, params.changes)
        return told(found)

    async def settings_set(self, params: Change) -> dict[str, Any]:
        """Make a change: `{version, differences, applies}`. It is on disk, as a version of its own, when this returns.

        Refused, and nothing is changed, with every problem in a line of its own: where the settings are not good, where
        a contactor would open at once, or where a newer version is in force than the one looked at.
        """
        async with self._judging:
            return await self._change(params.text, params.changes, params.author, params.version)

    async def settings_versions(self, params: Params) -> dict[str, Any]:
        """What was in force, newest first: `{versions: [{version, time, author, differences}]}`; time: UTC, s."""
        found = await asyncio.to_thread(self.shop.cabinet.versions.all)
        return {"versions": [{name: getattr(each, name) for name in VERSION} for each in reversed(found)]}

    async def settings_rollback(self, params: Author) -> dict[str, Any]:
        """Bring back the version before: answers as `settings.set`. A second time undoes the first."""
        async with self._judging:
            before = await asyncio.to_thread(self.shop.cabinet.before)
            if before is None:
                raise RpcError(REFUSED, "there is no version before this one")
            return await self._change(before.text, None, params.author, None)

    async def _change(
        self, text: str | None, changes: dict[str, Any] | None, author: str, seen: int | None
    ) -> dict[str, Any]:
        cabinet, threads = self.shop.cabinet, asyncio.to_thread
        newest = await threads(cabinet.newest)
        if seen is not None and seen != newest:
            raise RpcError(
                REFUSED, f"version {newest} is in force by now, not {seen}: look at it, then change it again"
            )
        if await threads(cabinet.edited):
            raise RpcError(
                REFUSED, f"{cabinet.path} has been edited since it was read: start again to use what it says"
            )
        found = await threads(cabinet.judge, text, changes)
        if found.problems:
            raise RpcError(REFUSED, "\n".join(found.problems[:SAID]))
        if found.applies == "nothing" and found.text == cabinet.text and not cabinet.refused:
            return {"version": newest, **told(found)}
        said = [str(each) for each in found.differences]
        try:
            version = await threads(cabinet.note, found, author, said, time.time())
        except OSError as problem:
            raise RpcError(UNAVAILABLE, f"the change cannot be kept ({problem.strerror}); nothing is changed") from None
        try:
            await self._adopted(found, f"version {version.version} by {author}: {'; '.join(said[:SAID]) or 'comments'}")
        except RpcError:
            await threads(cabinet.versions.remove, version)
            raise
        try:
            await threads(cabinet.put, found)
        except OSError as problem:
            raise RpcError(
                UNAVAILABLE,
                f"in force, but lost at the next start: {cabinet.path} cannot be written ({problem.strerror})",
            ) from None
        return {"version": version.version, **told(found)}

    async def _adopted(self, found: Judgement, note: str) -> None:
        """Control has taken the settings over, or noted that they are for the next start."""
        note += "; for the next start" if found.applies == "restart" else ""
        request = {"kind": "settings", "text": found.text, "live": found.applies == "now", "note": note[:NOTE]}
        await self._asked(request, TAKING_OVER)

    async def command(self, params: Ask) -> dict[str, Any]:
        """Ask for something: `{taken: true}` when control has it; what came of it is told by events."""
        if params.kind == "output" and (params.target is None or not params.value):
            raise RpcError(REFUSED, "an output is commanded with target 1..6 and value on, off or auto")
        await self._asked(params.model_dump(), ANSWER_WITHIN)
        return {"taken": True}

    async def _asked(self, request: dict[str, Any], within: float) -> None:
        """Hand a request to control; returns when it was taken, RpcError with control's sentence when it was not."""
        self._number += 1
        number, future = self._number, asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            if not self.shop.link.ask({"number": number} | request):
                raise RpcError(UNAVAILABLE, "too many commands wait for the control process; try again")
            refusal = await asyncio.wait_for(future, within)
        except TimeoutError:
            raise RpcError(UNAVAILABLE, f"the control process did not answer within {within:g} s") from None
        finally:
            self._waiting.pop(number, None)
        if refusal:
            raise RpcError(REFUSED, refusal)

    async def list_events(self, params: AfterEvent) -> bytes:
        """What happened: `{events: [...], last: id}`, oldest first; ids run without gaps for life."""
        after = params.after_id
        if after is None:
            after = max(0, self.shop.events.newest() - params.limit)
        found = self.shop.events.after(after, params.limit)
        last = found[-1]["id"] if found else after
        return b'{"events":%b,"last":%d}' % (encode(found), last)

    async def why(self, params: About) -> dict[str, Any]:
        """Why a contactor or an output stands as it does: `{subject, state, sentence, event, stood}`.

        event: the fault that is the reason, else the newest event about the subject; null where the log has none.
        stood: how the battery stood before and after the newest change, in words; empty where the log does not say.
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


def told(found: Judgement) -> dict[str, Any]:
    """What a change comes to, for a client."""
    differences = [{"key": each.key, "before": each.before, "after": each.after} for each in found.differences]
    return {"problems": list(found.problems), "differences": differences, "applies": found.applies}


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
    "settings.set": Method(Change, Desk.settings_set),
    "settings.versions": Method(Params, Desk.settings_versions),
    "settings.rollback": Method(Author, Desk.settings_rollback),
    "command": Method(Ask, Desk.command),
    "events": Method(AfterEvent, Desk.list_events),
    "why": Method(About, Desk.why),
    "samples": Method(AfterSample, Desk.list_samples),
}
