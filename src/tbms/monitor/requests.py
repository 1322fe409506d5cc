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

    @model_validator(mode="after")
    def _fits(self) -> "CommandRequest":
        if self.kind is CommandKind.OUTPUT:
            if self.target is None or self.value not in OVERRIDES:
                raise ValueError("an output needs its number 1 to 6 and on, off or auto")
        elif self.target is not None or self.value:
            raise ValueError(f"{self.kind.value} takes neither a target nor a value")
        return self


class CommandReply(BaseModel):
    """The master took the command; what came of it shows in the state and in the events."""

    accepted: bool = True


class ErrorReply(BaseModel):
    """Why a request was not answered, in one sentence."""

    error: str


class StateReply(BaseModel):
    """The newest state; `snapshot` as in docs/api.md, with unknown members left out.

    connected: the snapshot is live. problem: else why not. age: s since the snapshot last moved.
    """

    connected: bool
    problem: str | None = None
    age: float | None = None
    snapshot: dict[str, Any] | None = None


class EventsReply(BaseModel):
    """Events after a given id, oldest first, and the last id given: where to go on."""

    events: list[dict[str, Any]]
    last: int
