import json
from collections.abc import Iterator

import pytest

from tbms.master.link import COMMANDS_A_CYCLE, ApiEnd, ControlEnd, pair


@pytest.fixture
def ends() -> Iterator[tuple[ControlEnd, ApiEnd]]:
    control, api = pair()
    yield ControlEnd(control), ApiEnd(api)
    control.close()
    api.close()


def test_snapshots_go_one_way_and_commands_the_other(ends: tuple[ControlEnd, ApiEnd]) -> None:
    control, api = ends
    control.publish({"soc": 0.5})
    control.acknowledge(3, "no")
    assert api.receive() == [("S", b'{"soc":0.5}'), ("A", b'{"number":3,"refusal":"no"}')]
    assert api.receive() == []
    assert api.ask({"kind": "stop"})
    assert control.requests() == [{"kind": "stop"}]
    assert control.requests() == []


def test_an_api_that_does_not_read_never_holds_up_control(ends: tuple[ControlEnd, ApiEnd]) -> None:
    control, api = ends
    for number in range(2000):
        control.publish({"number": number, "filling": "x" * 5000})
    assert control.dropped > 1000
    kept = [json.loads(message)["number"] for _, message in api.receive()]
    assert kept == list(range(len(kept)))
    control.publish({"number": -1})
    assert len(api.receive()) == 1


def test_a_flood_of_commands_is_bounded_a_cycle(ends: tuple[ControlEnd, ApiEnd]) -> None:
    control, api = ends
    sent = 0
    while api.ask({"number": sent, "filling": "x" * 200}):
        sent += 1
    taken = control.requests()
    assert [request["number"] for request in taken] == list(range(COMMANDS_A_CYCLE))
    assert sent < 10_000


def test_either_end_may_vanish(ends: tuple[ControlEnd, ApiEnd]) -> None:
    control, api = pair()
    ApiEnd(api)._end.close()
    end = ControlEnd(control)
    end.publish({"soc": 0.5})
    assert end.dropped == 1
    assert end.requests() == []
    control.close()

    control, api = pair()
    control.close()
    other = ApiEnd(api)
    assert other.receive() == []
    assert other.closed
    assert not other.ask({"kind": "stop"})
    api.close()


@pytest.mark.parametrize("rubbish", [b"x", b"[]", b"\xff", b"[" * 50_000])
def test_rubbish_from_the_api_is_dropped(rubbish: bytes) -> None:
    control, api = pair()
    api.send(rubbish)
    end = ControlEnd(control)
    assert end.requests() == []
    assert end.dropped == 1
    control.close()
    api.close()
