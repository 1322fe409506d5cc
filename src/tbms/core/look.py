"""What a step sees beyond its sample: differences, trends, flows through open contactors, and its own settings."""

from typing import NamedTuple

from tbms.core.estimate.resistance import sure
from tbms.core.measure import differences, flow, trend
from tbms.core.measure.flow import Flow
from tbms.core.measure.measured import Measured
from tbms.core.measure.reading import CALM, WRONG, Reading, single
from tbms.core.measure.switches import lack
from tbms.core.measure.trend import Trend
from tbms.core.protect.contactors import HOUR, Contactor
from tbms.core.state import State
from tbms.model.limit import Measure
from tbms.model.sample import Sample
from tbms.model.snapshot import ContactorPhase
from tbms.settings.compiled import Settings


class Seen(NamedTuple):
    """measured: with all its readings. trend, checked: for the next step."""

    measured: Measured
    trend: Trend
    checked: int


def look(state: State, measured: Measured, sample: Sample, settings: Settings) -> Seen:
    """The readings that need more than the sample; in the order of model.limit.Measure.

    One protection a step is compared with the one that was compiled, so that all are within a few seconds.
    """
    followed = trend.follow(state.trend, state.measured, measured, settings.capacity)
    checked = (state.checked + 1) % len(settings.protections)
    sound = hash(settings.protections[checked]) == settings.checks[checked]
    flowing = _flow(state, measured.clock)
    hot, cold = measured.readings[Measure.TEMPERATURE_HOT], measured.readings[Measure.TEMPERATURE_COLD]
    readings: tuple[Reading, ...] = (
        *measured.readings,
        *differences.spreads(measured, settings),
        differences.temperature_spread(hot, cold),
        differences.resistance_spread(sure(state.estimate.parts.ohmic)),
        trend.rates(followed, measured),
        *differences.boards(measured),
        differences.sum_of_cells(measured),
        *flow.readings(flowing, measured, sample.switches, settings),
        *trend.readings(followed, measured),
        CALM if sound else WRONG,
        _cycles(state.charge, measured.clock, settings),
        _cycles(state.load, measured.clock, settings),
        single(sample.late) if sample.late else CALM,
        WRONG if lack(sample.switches, settings.contactors.store_voltage) else CALM,
    )
    parted = flow.parted(flowing, measured, sample.switches)
    return Seen(measured._replace(readings=readings, parted=parted), followed, checked)


def _open(contactor: Contactor, clock: float) -> bool:
    if contactor.phase is ContactorPhase.LATCHED:
        return True
    if contactor.phase is not ContactorPhase.OPEN:
        return False
    return clock - contactor.since >= flow.OPENED


def _cycles(contactor: Contactor, clock: float, settings: Settings) -> Reading:
    """1 where a contactor has closed too often within the hour."""
    if len(contactor.closings) <= settings.contactors.closings:
        return CALM
    recent = [time for time in contactor.closings if clock - time < HOUR]
    return WRONG if len(recent) > settings.contactors.closings else CALM


def _flow(state: State, clock: float) -> Flow:
    """How the contactors stand, as the step before left them."""
    return Flow(
        _open(state.charge, clock),
        _open(state.load, clock),
        state.charge.phase is ContactorPhase.CLOSED,
        state.load.phase is ContactorPhase.CLOSED,
        not state.verdict.may_charge or bool(state.stopped),
    )
