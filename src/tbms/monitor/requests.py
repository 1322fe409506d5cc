"""What may be asked over HTTP and what is answered, as pydantic models: they make the OpenAPI document."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tbms.model.command import CommandKind

OVERRIDES = ("on", "off", "auto")


class CommandRequest(BaseModel):
    """One thing asked of the master: stop, close, acknowledge, or override an output."""

    model_config = ConfigDict(extra="forbid")

    kind: CommandKind
    target: int | None = Field(default=None, ge=1, le=6, description="for `output`: its number, 1 to 6")
    value: str = Field(default="", max_length=8, description="for `output`: on, off or auto")
    duration: float | None = Field(
        default=None, gt=0, le=86_400, allow_inf_nan=False, description="for `output`: s until it is automatic again"
    )

    @model_validator(mode="after")
    def _fits(self) -> "CommandRequest":
        if self.kind is CommandKind.OUTPUT:
            if self.target is None or self.value not in OVERRIDES:
                raise ValueError("an output needs its number 1 to 6 and on, off or auto")
        elif self.target is not None or self.value or self.duration is not None:
            raise ValueError(f"{self.kind.value} takes neither a target nor a value nor a duration")
        return self


class CommandReply(BaseModel):
    """The master took the command; what came of it shows in the state and in the events."""

    accepted: bool = True


class ErrorReply(BaseModel):
    """Why a request was not answered, in one sentence."""

    error: str


FAILURES: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorReply, "description": "the request cannot be read"},
    401: {"model": ErrorReply, "description": "a password is needed"},
    403: {"model": ErrorReply, "description": "the role is not enough, or not from the monitor's own pages"},
    409: {"model": ErrorReply, "description": "the master refused"},
    411: {"model": ErrorReply, "description": "the length is missing"},
    413: {"model": ErrorReply, "description": "too long"},
    421: {"model": ErrorReply, "description": "not this monitor's own address"},
    422: {"model": ErrorReply, "description": "the request is not understood"},
    503: {"model": ErrorReply, "description": "the master cannot be reached"},
}


class StateReply(BaseModel):
    """The newest state; `snapshot` as in docs/api.md, with unknown members left out.

    connected: the snapshot is live. problem: else why not. age: s since the snapshot last moved.
    """

    connected: bool
    problem: str | None = None
    age: float | None = None
    snapshot: dict[str, Any] | None = None


class EventsReply(BaseModel):
    """Events newest first, as in docs/api.md; trouble: why they are not kept, empty when all is well."""

    events: list[dict[str, Any]]
    trouble: str


class CurveReply(BaseModel):
    """One channel: a value per column, null where nothing is known.

    Of a mask (`relays`, `alarms`): low = flags that always stood, mean = that stood last, high = that ever stood.
    """

    unit: str
    low: list[float | None]
    mean: list[float | None]
    high: list[float | None]


class HistoryReply(BaseModel):
    """times: UTC at which the columns begin, s. level: raw, minute or hour: what the columns are made from."""

    level: str
    times: list[float]
    curves: dict[str, CurveReply]
    troubles: list[str]


class ChannelReply(BaseModel):
    """One channel and the step in which it is stored."""

    name: str
    unit: str
    step: float


class ChannelsReply(BaseModel):
    """All channels; start, end: the days they cover, UTC, s, null in an empty history."""

    channels: list[ChannelReply]
    start: float | None
    end: float | None
    troubles: list[str]


class WhyReply(BaseModel):
    """subject: what was asked about. state: its phase, on or off. event: the reason, as in docs/api.md.

    stood: how the battery stood before and after the newest change.
    """

    subject: str
    state: str | None
    sentence: str
    event: dict[str, Any] | None
    stood: str = ""
