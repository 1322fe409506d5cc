import json
import math

import pytest
from tests.monitor import scenes

from tbms.model.action import ALL_OFF
from tbms.model.event import Event, EventKind, Glance, Phase
from tbms.model.fault import Fault, Ring, Severity
from tbms.model.snapshot import ContactorPhase, Snapshot
from tbms.store.plain import encode, event_from, noun, plain


def test_a_noun_becomes_its_fields() -> None:
    fault = Fault("cell_overvoltage", Ring.CUT, 3, None, 3.66, math.inf, "V", 12.0)
    assert plain((fault,)) == [
        {"id": "cell_overvoltage", "ring": "cut", "cell": 3, "node": None, "value": 3.66, "limit": None, "unit": "V",
         "since": 12.0, "latched": False}
    ]  # fmt: skip


def test_one_line_in_ascii_whatever_it_holds() -> None:
    line = encode({"°C": "3\n\udcff", "age": math.nan, 4: ALL_OFF})
    assert b"\n" not in line
    assert json.loads(line)["age"] is None
    assert line.isascii()


def test_what_has_no_plain_form_is_refused() -> None:
    with pytest.raises(TypeError, match="no plain form for set"):
        plain({1, 2})


@pytest.mark.parametrize("ring", [None, *Ring])
def test_an_event_comes_back(ring: Ring | None) -> None:
    event = Event(
        1.0, 2.0, EventKind.FAULT, "cell_overvoltage", Phase.CAME, Severity.ALARM, 3, 3.7, 3.65, "V", ring=ring
    )
    assert event_from(json.loads(encode(event))) == event


GLANCE = Glance(13.2, None, 0.5, 3.3, 1, 3.31, 4, 20.0, 21.0, ContactorPhase.CLOSED, ContactorPhase.OPEN, (1, 4))


def test_an_event_comes_back_with_what_stood_and_an_older_one_without() -> None:
    event = Event(
        1.0, 2.0, EventKind.OUTPUT, "output_1", Phase.CHANGED, Severity.INFO, value="on", before=GLANCE, after=GLANCE
    )
    values = json.loads(encode(event))
    back = event_from(values)
    assert (back.before, back.after) == (GLANCE, GLANCE)
    older = event_from({key: value for key, value in values.items() if key not in ("before", "after")})
    assert (older, older.before, older.after) == (event, None, None)


def test_an_event_of_a_newer_version_is_read() -> None:
    event = Event(1.0, 2.0, EventKind.SYSTEM, "start", Phase.CHANGED, Severity.INFO)
    assert event_from(plain(event) | {"colour": "blue"}) == event


@pytest.mark.parametrize("scene", [scenes.calm(), scenes.alarmed(), scenes.warned(), scenes.charging()])
def test_a_snapshot_comes_back_from_its_plain_form(scene: Snapshot) -> None:
    assert noun(Snapshot, json.loads(encode(scene))) == scene


def test_what_cannot_be_a_noun_raises() -> None:
    values = json.loads(encode(scenes.calm()))
    with pytest.raises(ValueError, match="dancing"):
        noun(Snapshot, values | {"activity": "dancing"})
