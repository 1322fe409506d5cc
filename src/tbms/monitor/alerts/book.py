"""Who is told of what: receivers, rules, quiet hours and the sign of life, kept in a file of its own."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tbms.store.replace import replace_file

Name = Annotated[str, Field(min_length=1, max_length=40)]
Time = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
KEPT = "…"
"""Stands for a part of an address that is not shown; sent back, it means: as it was."""


class Part(BaseModel):
    """Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Receiver(Part):
    """Where messages go. url: as apprise takes it (ntfy://…, mailto://…, tgram://…); a secret."""

    name: Name
    url: Annotated[str, Field(min_length=1, max_length=500)]
    language: Literal["en", "fr", "de", "es"] = "en"


class Rule(Part):
    """From a severity on, these receivers are told; repeat: again after so many s while nobody has acknowledged.

    escalate_after: s without an acknowledgement, after which escalate_to are told, too.
    """

    severity: Literal["warning", "alarm"] = "alarm"
    receivers: Annotated[tuple[Name, ...], Field(min_length=1, max_length=20)]
    repeat: Annotated[float, Field(ge=300, le=86_400)] | None = None
    escalate_after: Annotated[float, Field(ge=60, le=86_400)] | None = None
    escalate_to: Annotated[tuple[Name, ...], Field(max_length=20)] = ()


class Quiet(Part):
    """Hours, this computer's local time, in which warnings wait; alarms do not."""

    begin: Time
    end: Time


class Heartbeat(Part):
    """An address that is fetched every so many s while the master is live; who watches it misses a dead boat."""

    url: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^(https?://\S+|…)$")]
    every: Annotated[float, Field(ge=60, le=86_400)] = 300


class Book(Part):
    """Everything that can be set about alerts."""

    receivers: Annotated[tuple[Receiver, ...], Field(max_length=20)] = ()
    rules: Annotated[tuple[Rule, ...], Field(max_length=20)] = ()
    quiet: Quiet | None = None
    heartbeat: Heartbeat | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        names = [receiver.name for receiver in self.receivers]
        if len(set(names)) < len(names):
            raise ValueError("two receivers have the same name")
        for rule in self.rules:
            for name in (*rule.receivers, *rule.escalate_to):
                if name not in names:
                    raise ValueError(f"there is no receiver {name!r}")
            if bool(rule.escalate_to) is not (rule.escalate_after is not None):
                raise ValueError("escalate_after and escalate_to belong together")
        return self

    def receiver(self, name: str) -> Receiver | None:
        """By its name."""
        return next((each for each in self.receivers if each.name == name), None)


def masked(book: Book) -> Book:
    """The same without secrets: of each address only its beginning."""
    receivers = tuple(each.model_copy(update={"url": _short(each.url)}) for each in book.receivers)
    beat = book.heartbeat and book.heartbeat.model_copy(update={"url": KEPT})
    return book.model_copy(update={"receivers": receivers, "heartbeat": beat})


def _short(url: str) -> str:
    scheme, mark, _ = url.partition("://")
    return f"{scheme}{mark}{KEPT}" if mark else KEPT


def unmasked(book: Book, before: Book) -> Book:
    """With the addresses that were sent back as they were shown; ValueError where there is none to keep."""
    receivers = []
    for each in book.receivers:
        known = before.receiver(each.name)
        if KEPT in each.url and (known is None or each.url != _short(known.url)):
            raise ValueError(f"{each.name}: its address is missing; one that was renamed needs it again")
        receivers.append(each.model_copy(update={"url": known.url}) if known and KEPT in each.url else each)
    beat = book.heartbeat
    if beat and beat.url == KEPT:
        if before.heartbeat is None:
            raise ValueError("the address of the sign of life is missing")
        beat = beat.model_copy(update={"url": before.heartbeat.url})
    return book.model_copy(update={"receivers": tuple(receivers), "heartbeat": beat})


def load(path: Path) -> Book:
    """The book in a file; an empty one where there is none. Raises ValueError for a file that is none."""
    try:
        return Book.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Book()
    except ValidationError:
        raise ValueError(f"{path} is damaged: nobody is alerted until alerts are set up again") from None


def save(path: Path, book: Book) -> None:
    """Keep it, readable by its owner only. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, book.model_dump_json().encode(), 0o600)
