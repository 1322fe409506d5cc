"""Types that carry their SI unit, so that tables and documents are made from the code."""

from typing import Annotated


class Unit(str):
    """Symbol of a unit, as shown to people: V, A, °C, s, Ah, Wh, Ω, W; empty for a fraction."""

    __slots__ = ()


Volt = Annotated[float, Unit("V")]
Ampere = Annotated[float, Unit("A")]
Watt = Annotated[float, Unit("W")]
Celsius = Annotated[float, Unit("°C")]
Second = Annotated[float, Unit("s")]
AmpereHour = Annotated[float, Unit("Ah")]
WattHour = Annotated[float, Unit("Wh")]
Ohm = Annotated[float, Unit("Ω")]
Fraction = Annotated[float, Unit("")]
