"""What a window teaches of the battery's own curve, and the curve that is in use."""

from tbms.core.estimate import capacity as store
from tbms.core.estimate import charge, doubts, own
from tbms.core.estimate.cells import Cell
from tbms.core.estimate.charge import Charge
from tbms.core.estimate.doubts import Doubts
from tbms.core.estimate.ocv import blend
from tbms.core.estimate.own import Moment, Own, Proof
from tbms.core.estimate.state import EstimateState
from tbms.core.estimate.traits import TRAITS
from tbms.settings.compiled import Settings

_UNEVEN = 0.03  # SOC: cells further from their mean do not show one curve


def taught(state: EstimateState, known: Charge, doubted: Doubts, cells: tuple[Cell, ...], settings: Settings) -> Own:
    """The battery's own curve after a window: nothing is learned from a gap, a doubt or uneven cells.

    After a disagreement it may be another battery: the curve must prove itself again. A given curve is left alone.
    """
    assert state.charge is not None  # noqa: S101 - begun before
    window, count = state.charge.window, state.charge.window.samples
    if doubted.disagrees:
        return own.doubted(state.own)
    odd = window.gap or not count or doubts.lost(doubted) or doubted.early or doubted.small
    if settings.ocv or odd or any(abs(cell.mean[0]) > _UNEVEN for cell in cells):
        return own.cut(state.own)
    volts, over, hours = window.rest / count, window.polarised / count, window.time / 3600.0
    size, sigma = store.value(state.store)
    claimed, heat = Proof(known.soc, known.sigma), state.blend.temperature
    now = Moment(volts, over, known.place, heat, window.moved, hours, claimed, sigma / size)
    return own.after(state.own, now, state.curve, state.blend, TRAITS[settings.chemistry])


def recurved(state: EstimateState, settings: Settings) -> EstimateState:
    """The same with the curve to be used, its own or as shipped; what was held against another one goes."""
    places = state.own.places if state.own.used else ()
    if places == state.curve.own:
        return state
    table = state.curve._replace(own=places, heat=state.own.heat)
    known = None if state.charge is None else charge.unshaped(state.charge, TRAITS[settings.chemistry])
    return state._replace(curve=table, blend=blend(table, state.blend.temperature), charge=known)
