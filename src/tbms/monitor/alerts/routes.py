"""Alerts over HTTP: looked at, changed, tested; addresses are secrets and never given back."""

import asyncio
from typing import Any

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from tbms.monitor.alerts.book import Book, masked, unmasked
from tbms.monitor.alerts.send import usable
from tbms.monitor.alerts.service import Alerts
from tbms.monitor.people.access import installer, operator, viewer
from tbms.monitor.requests import FAILURES, ErrorReply

FULL: dict[int | str, dict[str, Any]] = {507: {"model": ErrorReply, "description": "the disk refuses"}}


class DeliveryReply(BaseModel):
    """The last attempt: UTC, s, and why it failed, empty when it was taken."""

    time: float
    problem: str


class AlertsReply(BaseModel):
    """book: who is told of what, addresses shortened. standing: faults that are being told.

    waiting: messages under way; dropped: given up. last: by receiver. trouble: why alerts do not work.
    """

    book: Book
    standing: int
    waiting: int
    dropped: int
    last: dict[str, DeliveryReply]
    heartbeat: DeliveryReply | None
    trouble: str


class TestRequest(BaseModel):
    """Whom to test."""

    model_config = ConfigDict(extra="forbid")

    receiver: str = Field(max_length=40)


class TestReply(BaseModel):
    """problem: why it was not taken; empty when it was."""

    problem: str


def routes(alerts: Alerts) -> APIRouter:
    """All routes under /api/v1/alerts."""
    router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"])

    @router.get("", response_model=AlertsReply, dependencies=[Depends(viewer)])
    async def shown() -> AlertsReply:
        """Who is told of what, and how delivery goes."""
        return _reply(alerts)

    @router.put("", response_model=AlertsReply, responses=FAILURES | FULL, dependencies=[Depends(installer)])
    async def change(book: Book) -> AlertsReply:
        """Use another book; an address sent back as it was shown stays as it is."""
        try:
            whole = unmasked(book, alerts.book)
        except ValueError as problem:
            raise HTTPException(422, f"{problem}.") from None
        for receiver in whole.receivers:
            if not await asyncio.to_thread(usable, receiver.url):
                raise HTTPException(
                    422, f"{receiver.name}: this address is not understood; e.g. ntfy://ntfy.sh/my-boat."
                )
        try:
            await asyncio.to_thread(alerts.change, whole)
        except OSError as problem:
            raise HTTPException(507, f"The alerts cannot be kept: {problem.strerror}.") from None
        return _reply(alerts)

    @router.post("/test", response_model=TestReply, responses=FAILURES, dependencies=[Depends(operator)])
    async def test(request: TestRequest) -> TestReply:
        """Send a test to one receiver, now."""
        return TestReply(problem=await asyncio.to_thread(alerts.test, request.receiver))

    return router


def _reply(alerts: Alerts) -> AlertsReply:
    post = alerts.post
    last = {name: DeliveryReply(time=each.time, problem=each.problem) for name, each in post.last.items()}
    sign = alerts.heartbeat
    beat = None if sign is None else DeliveryReply(time=sign.time, problem=sign.problem)
    return AlertsReply(
        book=masked(alerts.book),
        standing=len(post.standing),
        waiting=len(post.waiting),
        dropped=post.dropped,
        last=last,
        heartbeat=beat,
        trouble=alerts.trouble,
    )
