"""All that the core remembers from one step to the next."""

from typing import NamedTuple

from tbms.core import estimate
from tbms.core.counters import Counters
from tbms.core.manage import manage
from tbms.core.manage.coils import Relays
from tbms.core.manage.manage import Managed
from tbms.core.manage.outputs import Override
from tbms.core.manage.panel import Press
from tbms.core.measure.measured import Measured
from tbms.core.measure.trend import Trend
from tbms.core.protect.contactors import Contactor
from tbms.core.protect.limits import Watch
from tbms.core.protect.verdict import WELL, Verdict
from tbms.core.sleep import AWAKE, Rest
from tbms.model.action import ALL_OFF, Actions
from tbms.model.sample import OUTPUTS
from tbms.settings.compiled import Settings


class State(NamedTuple):
    """The core's memory; every time is on its own clock, which never runs backwards.

    measured: the newest sample, judged; None before the first. clock: of it, s.
    valid_at: when the newest full, valid set came; None before the first. valid_count: how many in a row, counted up
    to what the first closing needs, then kept. mean_current: over about a minute, A.
    permit_charge_since, permit_discharge_since: since when the permission loops are permitted.
    stopped: who stopped the battery, empty if nobody. button: the reset button is down, None while it is not.
    relays: what the outputs do, behind whatever contact. rest: whether everything sleeps. counters: of the battery's
    life. trend: what several samples tell.
    asleep_since: when everything fell asleep in a run before, while what was drawn since is not counted; else None.
    checked: the protection whose figures were compared with those compiled. limp: until when it limps home, None while
    it does not.
    """

    measured: Measured | None
    clock: float
    valid_at: float | None
    valid_count: int
    mean_current: float | None
    estimate: estimate.EstimateState
    watches: tuple[Watch, ...]
    verdict: Verdict
    charge: Contactor
    load: Contactor
    permit_charge_since: float | None
    permit_discharge_since: float | None
    stopped: str
    overrides: tuple[Override | None, ...]
    acknowledged: bool
    button: Press | None
    actions: Actions
    managed: Managed
    relays: Relays
    trend: Trend = Trend()
    checked: int = 0
    counters: Counters = Counters()
    rest: Rest = AWAKE
    limp: float | None = None
    asleep_since: float | None = None

    @property
    def soc(self) -> float:
        """State of charge, 0..1."""
        return self.estimate.soc

    @property
    def may_charge(self) -> bool:
        """Protection's word: a valid set has been seen and no cut forbids charging."""
        return self.verdict.may_charge and self._may_anything

    @property
    def may_discharge(self) -> bool:
        """The same for discharging."""
        return self.verdict.may_discharge and self._may_anything

    @property
    def _may_anything(self) -> bool:
        return self.valid_at is not None and not self.stopped and not self.rest.asleep

    @staticmethod
    def initial(settings: Settings, soc: float | None = None, soc_sigma: float | None = None) -> "State":
        """The state of a boot: everything open, nothing permitted, soc (0..1) as remembered or unknown."""
        return State(
            measured=None,
            clock=0.0,
            valid_at=None,
            valid_count=0,
            mean_current=None,
            estimate=estimate.initial(settings, soc, soc_sigma),
            watches=(None,) * len(settings.protections),
            verdict=WELL,
            charge=Contactor(),
            load=Contactor(),
            permit_charge_since=None,
            permit_discharge_since=None,
            stopped="",
            overrides=(None,) * OUTPUTS,
            acknowledged=False,
            button=None,
            actions=ALL_OFF,
            managed=manage.initial(settings),
            relays=Relays(),
        )
