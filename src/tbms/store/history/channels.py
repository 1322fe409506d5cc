"""What a row of the history holds: the channels, their units and steps, and a Snapshot as such a row."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from zlib import crc32

from tbms.model.snapshot import ContactorPhase, OutputSnapshot, Snapshot

UNKNOWN = -32768
"""The value of a channel that was not known in this row; never 0."""

TICKS = 10
"""Time steps a second: the control loop's period; a row's time is whole ticks (`_ds`)."""

MASK = "mask"
"""Unit of a channel whose value is 15 flags, not a quantity."""

RELAYS = (
    *(f"output_{number}" for number in range(1, 7)),
    "charge_contactor", "load_contactor", "pre_charge", "may_charge", "may_discharge",
)  # fmt: skip
"""Flags of the channel `relays`, bit 0 first."""

ALARMS = (
    "cell_overvoltage", "cell_undervoltage", "pack_overvoltage", "pack_undervoltage", "overcurrent_charge",
    "overcurrent_discharge", "overtemperature_charge", "undertemperature_charge", "overtemperature_discharge",
    "undertemperature_discharge", "node_lost", "permission_loop", "emergency_stop", "invalid", "other",
)  # fmt: skip
"""Flags of the channel `alarms`, bit 0 first: a fault of this id stands in any ring."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One column: the stored integer times `step` is the value in `unit`."""

    name: str
    unit: str
    step: float

    def stored(self, value: float | None) -> int:
        """The int16 for a value: rounded, held at ±32767 where it is out of range, UNKNOWN for None or NaN."""
        if value is None or value != value:
            return UNKNOWN
        return int(max(-32767, min(32767, round(max(-1e9, min(1e9, value / self.step))))))

    @property
    def decimals(self) -> int:
        """Digits after the point that the step asks for."""
        return len(f"{self.step:.6f}".rstrip("0").partition(".")[2])


@dataclass(frozen=True)
class Layout:
    """The columns of a row, stored with the data so that a pack may change its size."""

    channels: tuple[Channel, ...]

    @cached_property
    def text(self) -> str:
        """The layout in JSON."""
        return json.dumps([asdict(channel) for channel in self.channels], separators=(",", ":"))

    @cached_property
    def key(self) -> int:
        """CRC32 of the text: names the layout in frames and blocks."""
        return crc32(self.text.encode())

    @cached_property
    def index(self) -> dict[str, int]:
        """Place of each channel by name."""
        return {channel.name: place for place, channel in enumerate(self.channels)}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All channel names, in order."""
        return tuple(channel.name for channel in self.channels)

    @cached_property
    def masks(self) -> tuple[int, ...]:
        """Places of the channels that hold flags."""
        return tuple(place for place, channel in enumerate(self.channels) if channel.unit == MASK)

    @staticmethod
    def parse(text: str) -> "Layout":
        """The layout of a JSON text; raises ValueError, KeyError or TypeError where it is none."""
        return Layout(tuple(Channel(str(c["name"]), str(c["unit"]), float(c["step"])) for c in json.loads(text)))


def layout(cells: int, current: float = 300.0) -> Layout:
    """The columns for a pack: v1..vN, t1..tN, voltage, current, power, soc, soh, relays, alarms.

    current: the largest that must be told apart, A; the step grows (10, 20, 50 mA ...) so that it fits.
    """
    step = next(step for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0) if current / step <= 32767 or step == 1.0)
    return Layout(
        (
            *(Channel(f"v{cell}", "V", 0.001) for cell in range(1, cells + 1)),
            *(Channel(f"t{cell}", "°C", 0.1) for cell in range(1, cells + 1)),
            Channel("voltage", "V", 0.01),
            Channel("current", "A", step),
            Channel("power", "W", 1.0 if step < 0.05 else 2.0 if step < 0.1 else 5.0),
            Channel("soc", "", 0.0001),
            Channel("soh", "", 0.0001),
            Channel("relays", MASK, 1.0),
            Channel("alarms", MASK, 1.0),
        )
    )


def row(columns: Layout, now: Snapshot, soh: float | None = None) -> tuple[int, ...]:
    """A Snapshot as one row of `columns`, which `layout(now.cells)` made."""
    quantities: tuple[float | None, ...] = (
        *(cell.voltage for cell in now.cell),
        *(cell.temperature for cell in now.cell),
        now.voltage, now.current, now.power, now.soc, soh, _relays(now), _alarms([fault.id for fault in now.faults]),
    )  # fmt: skip
    return tuple(channel.stored(value) for channel, value in zip(columns.channels, quantities, strict=True))


def edge(columns: Layout, before: Sequence[int] | None, after: Sequence[int]) -> bool:
    """A relay or an alarm changed between two rows: the later one must reach the disk at once."""
    return before is not None and any(before[place] != after[place] for place in columns.masks)


def _relays(now: Snapshot) -> int:
    contactors = (now.charge_contactor, now.load_contactor)
    flags = [_energised(output) for output in (*now.outputs, *((None,) * 6))[:6]]
    flags += [contactor.phase == ContactorPhase.CLOSED for contactor in contactors]
    flags += [any(contactor.phase == ContactorPhase.PRE_CHARGE for contactor in contactors)]
    flags += [now.may_charge, now.may_discharge]
    return _mask(flags)


def _energised(output: OutputSnapshot | None) -> bool:
    return output is not None and output.on


def _alarms(ids: Sequence[str]) -> int:
    present = {_alarm(fault) for fault in ids}
    return _mask([name in present for name in ALARMS])


def _alarm(fault: str) -> str:
    if fault.startswith(("invalid", "sample")):
        return "invalid"
    name = fault.removesuffix("_peak")
    return name if name in ALARMS else "other"


def _mask(flags: Sequence[bool]) -> int:
    return sum(1 << bit for bit, flag in enumerate(flags) if flag)
