"""The six outputs: which contacts and coils a role may have, and who may use an output."""

from collections.abc import Iterator

from tbms.settings.schema import Output, Schema

Problem = tuple[tuple[str | int, ...], str]

HELD = ("charger_enable", "heater", "generator")
"""Roles that must stop when a relay loses its supply: there is no second way to stop them."""


def _output(output: Output, place: int, schema: Schema) -> Iterator[tuple[str, str]]:
    if output.role in HELD and output.contact == "nc":
        yield "contact", f'= "nc": a {output.role} must stop when its relay loses its supply'
    if output.role in HELD and output.drive == "pulse":
        yield "drive", f'= "pulse": a {output.role} must stop when its relay loses its supply'
    if output.drive == "pulse" and output.contact == "nc":
        yield "contact", '= "nc": a latching relay has two coils; swap them'
    if output.drive == "pulse" and output.off_coil is None:
        yield "off_coil", "is missing: a latching relay needs a second coil to be switched off"
    if output.drive == "hold" and output.off_coil is not None:
        yield "off_coil", f'= {output.off_coil}: only for drive = "pulse"'
    coil = output.off_coil
    if coil is None:
        return
    used = coil - 1 < len(schema.outputs) and schema.outputs[coil - 1].role != "unused"
    shared = [number for number, other in enumerate(schema.outputs) if number < place and other.off_coil == coil]
    if coil - 1 == place or used or shared:
        yield "off_coil", f"= {coil}: output {coil} is used for something else; an off coil needs one that is unused"


def problems(schema: Schema) -> Iterator[Problem]:
    """Everything that contradicts something else in the outputs."""
    for place, output in enumerate(schema.outputs):
        for name, sentence in _output(output, place, schema):
            yield ("outputs", place, name), sentence
