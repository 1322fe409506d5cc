"""Parameters of the API's methods: their ranges, units and meanings in one place."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tbms.core.why import Subject
from tbms.master.rpc import INVALID_PARAMS, RpcError


class Params(BaseModel):
    """No parameters; the base of all others."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Hello(Params):
    """Who calls: needed over TCP before anything else."""

    token: Annotated[str, Field(max_length=200, description="content of the file `token` in the data folder")]


class Check(Params):
    """A change of the settings: the whole file, or some keys of it."""

    text: Annotated[str | None, Field(default=None, max_length=60_000, description="the whole settings file, as TOML")]
    changes: Annotated[
        dict[str, Any] | None,
        Field(
            default=None, max_length=200, description="new values by key, as `outputs[2].name`; null takes a key out"
        ),
    ]

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.text is None) is (self.changes is None):
            raise ValueError("give either text or changes")
        return self


class Change(Check):
    """A change that is to come into force."""

    author: Annotated[str, Field(min_length=1, max_length=64, description="who changes it, for the log")]
    version: Annotated[
        int | None,
        Field(default=None, ge=0, description="the version that was looked at; refused when a newer one is in force"),
    ]


class Author(Params):
    """Who does it."""

    author: Annotated[str, Field(min_length=1, max_length=64, description="a person's name, for the log")]


class Ask(Params):
    """A command to the battery."""

    kind: Annotated[
        Literal["stop", "close", "acknowledge", "output"],
        Field(description="what is asked; `close` is refused after a stop or a latch: that is done at the panel"),
    ]
    target: Annotated[int | None, Field(default=None, ge=1, le=6, description="for `output`: its number 1..6")]
    value: Annotated[Literal["", "on", "off", "auto"], Field(default="", description="for `output`: on, off or auto")]
    duration: Annotated[
        float | None,
        Field(default=None, gt=0, le=86_400, description="for `output`: seconds until it is automatic again"),
    ]
    who: Annotated[str, Field(default="", max_length=64, description="a person's or program's name, for the log")]


class About(Params):
    """A contactor or an output."""

    subject: Annotated[Subject, Field(description="what is asked about")]


class AfterEvent(Params):
    """A place in the log of events."""

    after_id: Annotated[
        int | None,
        Field(default=None, ge=0, le=2**53, description="events with higher ids are given; left out: the newest"),
    ]
    limit: Annotated[int, Field(default=100, ge=1, le=1000, description="at most so many, oldest first")]


class AfterSample(Params):
    """A place in the samples kept in memory."""

    after_seq: Annotated[int, Field(default=0, ge=0, le=2**53, description="samples with higher seq are given")]
    limit: Annotated[int, Field(default=100, ge=1, le=600, description="at most so many, oldest first")]


def read(shape: type[Params], values: dict[str, object]) -> Params:
    """Parameters that keep their ranges; RpcError that names every one which does not."""
    try:
        return shape.model_validate(values)
    except ValidationError as problems:
        said = (f"{'.'.join(map(str, p['loc'])) or 'params'}: {p['msg'].lower()}" for p in problems.errors()[:5])
        raise RpcError(INVALID_PARAMS, "; ".join(said)) from None
