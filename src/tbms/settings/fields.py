"""The kinds of value a setting may have: unit and permitted range, said once for errors, forms and documents."""

from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

from tbms.model.units import Ampere, AmpereHour, Celsius, Fraction, Second, Unit, Volt

Off = Literal["off"]

CellVolt = Annotated[Volt, Field(ge=0.5, le=5.0)]  # what a lithium cell can show; beyond it is a wiring fault
PackVolt = Annotated[Volt, Field(ge=0.5, le=80.0)]  # 16 cells of the highest voltage
Current = Annotated[Ampere, Field(gt=0.0, le=10000.0)]  # magnitudes; the key says which direction
Temperature = Annotated[Celsius, Field(ge=-60.0, le=120.0)]
SpreadVolt = Annotated[Volt, Field(gt=0.0, le=5.0)]
SpreadKelvin = Annotated[float, Unit("K"), Field(gt=0.0, le=100.0)]
Rate = Annotated[float, Unit("K/min"), Field(gt=0.0, le=100.0)]
SupplyVolt = Annotated[Volt, Field(ge=4.0, le=60.0)]  # of the boards
Percent = Annotated[float, Unit("%"), Field(gt=0.0, le=500.0)]
Delay = Annotated[Second, Field(ge=0.0, le=3600.0)]
Share = Annotated[Fraction, Field(ge=0.0, le=1.0)]
Capacity = Annotated[AmpereHour, Field(ge=0.1, le=5000.0)]


class Section(BaseModel):
    """A group of keys; unknown ones are refused, and nothing changes once it is read."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


def parts(annotation: Any) -> list[Any]:
    """Everything an annotation is made of, unions and Annotated opened: types and their metadata."""
    if get_origin(annotation) is Literal:
        return [annotation]
    arguments = get_args(annotation)
    if not arguments:
        return [annotation]
    return [part for argument in arguments for part in parts(argument)]


def facts(field: FieldInfo) -> list[Any]:
    """Types and metadata of a field: units, bounds, literals."""
    found: list[Any] = []
    for part in [*parts(field.annotation), *field.metadata]:
        found += part.metadata if isinstance(part, FieldInfo) else [part]
    return found


def unit(field: FieldInfo) -> str:
    """Symbol of the field's unit, empty for a fraction, a word or a count."""
    return next((str(fact) for fact in facts(field) if isinstance(fact, Unit)), "")


def words(field: FieldInfo) -> tuple[str | int, ...]:
    """The words or numbers that the field accepts, where they are a list."""
    return tuple(word for fact in facts(field) if get_origin(fact) is Literal for word in get_args(fact))


def _bound(field: FieldInfo, name: str) -> float | None:
    """A bound as pydantic keeps it: ge, gt, le or lt of some piece of metadata."""
    return next((value for fact in facts(field) if (value := getattr(fact, name, None)) is not None), None)


def bounds(field: FieldInfo) -> tuple[float | None, float | None]:
    """Smallest and largest value, None where there is no bound; one that is itself refused (gt) counts as the bound."""
    low, high = _bound(field, "ge"), _bound(field, "le")
    return _bound(field, "gt") if low is None else low, high


def _bounds(field: FieldInfo) -> str:
    ge, gt, le = (_bound(field, name) for name in ("ge", "gt", "le"))
    low = f"{ge:g}" if ge is not None else f"more than {gt:g}" if gt is not None else ""
    if low and le is not None:
        return f"{low} to {le:g}"
    return f"at most {le:g}" if le is not None else low


def permitted(field: FieldInfo) -> str:
    """What the field accepts, as a sentence's end: '0.5 to 5 V or "off"'."""
    kinds = facts(field)
    choices = [f'"{word}"' if isinstance(word, str) else str(word) for word in words(field)]
    bounds = _bounds(field)
    if bool in kinds:
        choices += ["true", "false"]
    elif int in kinds:
        choices.insert(0, f"a whole number {bounds}".strip())
    elif float in kinds:
        choices.insert(0, f"{bounds or 'a number'} {unit(field)}".strip())
    elif str in kinds:
        choices.insert(0, "text")
    return ", ".join(choices[:-1]) + " or " + choices[-1] if len(choices) > 1 else "".join(choices)
