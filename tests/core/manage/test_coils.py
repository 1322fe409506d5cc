"""Relays behind the outputs: NC contacts and latching relays."""

from tests.strategies import Rig, make

from tbms.core import snapshot as api
from tbms.model.command import Command, CommandKind
from tbms.model.snapshot import LoopSnapshot
from tbms.settings.compiled import OutputRole

LOOP = LoopSnapshot(0.1, 1, 0, None, None)
ROLES = ("outputs[1].role=charger_enable", "outputs[2].role=load", "outputs[3].role=fan", "outputs[4].role=alarm")


def rig(*keys: str) -> Rig:
    return Rig(make("pack.cells=4", "pack.capacity=100", *ROLES, *keys))


def shown(one: Rig) -> list[tuple[bool, bool | None]]:
    """On and feedback of every output as the API gives them."""
    given = api.snapshot(one.state, one.sample(), one.done(), one.settings, LOOP)
    return [(output.on, output.feedback) for output in given.outputs]


def test_a_normally_closed_contact_is_on_while_its_relay_is_not_energised() -> None:
    one = rig("outputs[2].contact=nc", "outputs[4].contact=nc").ready()
    assert one.done().outputs == (True, False, False, True, False, False)
    assert shown(one)[1] == (True, True)
    assert shown(one)[3] == (False, False)
    one.tick(Command(CommandKind.STOP))
    one.tick()
    assert one.done().outputs[1]
    assert shown(one)[1] == (False, False)


def test_safe_states_of_contacts() -> None:
    def safe(*keys: str) -> list[bool]:
        return [output.safe for output in rig(*keys).settings.outputs[:4]]

    assert safe() == [False, False, False, True]
    # energised to stay off while the node lives; an alarm behind an NC contact sounds when everything is dead
    assert safe("outputs[2].contact=nc", "outputs[4].contact=nc") == [False, True, False, False]


def test_a_latching_relay_gets_a_pulse_at_each_change_and_an_off_pulse_at_a_boot() -> None:
    one = rig("outputs[3].drive=pulse", "outputs[3].off_coil=6", "outputs[3].pulse=0.3")
    seen = []
    for _ in range(6):
        one.tick()
        seen.append(one.done().outputs[2::3])
    assert seen == [(False, True)] * 3 + [(False, False)] * 3
    one.ready()
    seen.clear()
    for commands in ((Command(CommandKind.OUTPUT, 3, "on"),), (), (), (), (Command(CommandKind.OUTPUT, 3, "off"),), ()):
        one.tick(*commands)
        seen.append(one.done().outputs[2::3])
    assert seen == [(True, False)] * 3 + [(False, False)] + [(False, True)] * 2
    assert shown(one)[2] == (False, None)


def test_recorded_data_report_no_relays() -> None:
    one = Rig(make("pack.cells=4", "pack.capacity=100", *ROLES), live=False)
    one.run(1)
    assert shown(one)[0][1] is None


def test_defaults_of_an_output() -> None:
    assert OutputRole("x", "fan", False, 2.0) == OutputRole("x", "fan", False, 2.0, False, None, 0.0)
