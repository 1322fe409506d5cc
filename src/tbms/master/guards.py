"""What the master writes into the nodes' guards, from the settings, in wire units."""

from tbms.core.measure.flow import LEAK
from tbms.settings.compiled import OutputRole, Settings
from tbms.wire.fields import LONGEST_MS
from tbms.wire.registers import CHEMISTRIES, COMMON, ROLES, SAFE_ENERGISED

FIELDS = {
    # protection: the guard's own name for it in the configuration, wire units in one SI unit
    "cell_overvoltage": ("overvoltage", 1000),
    "cell_undervoltage": ("undervoltage", 1000),
    "overtemperature_charge": ("overtemperature_charge", 10),
    "undertemperature_charge": ("undertemperature_charge", 10),
    "overtemperature_discharge": ("overtemperature_discharge", 10),
    "undertemperature_discharge": ("undertemperature_discharge", 10),
}


def configuration_of(settings: Settings) -> dict[str, int | None]:
    """Fields of wire.configuration that these settings decide; None leaves a guard's ring out.

    A delay longer than a register can hold becomes the longest that fits: the guard then acts earlier.
    """
    hard = settings.hard_limits
    fields: dict[str, int | None] = {
        "chemistry": CHEMISTRIES.index(settings.chemistry),
        "sample_age": _ms(hard.sample_age),
        "load_hold": round(hard.load_hold),
        "balance_minimum": round(1000 * settings.charge.float_voltage),
    }
    if settings.contactors.common:
        fields |= {"bus": COMMON, "open_current": round(1000 * LEAK)}
    for protection, (name, scale) in FIELDS.items():
        limit = hard.guard.get(protection)
        fields[name] = None if limit is None else round(scale * limit.threshold)
        if limit is not None:
            fields[f"{name}_delay"] = _ms(limit.delay)
    for number, output in enumerate(settings.outputs, 1):
        fields[f"output_{number}"] = _role(output)
    return fields


def _role(output: OutputRole) -> int:
    return ROLES.index("general" if output.role == "backup" else output.role) | (SAFE_ENERGISED if output.safe else 0)


def _ms(seconds: float) -> int:
    return min(LONGEST_MS, round(1000 * seconds))
