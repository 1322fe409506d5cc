"""Draws wiring.svg: how a 48 V installation is connected. Run it again after changing it."""

from pathlib import Path

WIDTH, HEIGHT = 1120, 690
COLOURS = {"plus": "#c62828", "minus": "#24364f", "bus": "#1f6feb", "loop": "#b45f00", "sense": "#7a8797"}


def text(x: float, y: float, words: str, size: int = 14, weight: int = 400, anchor: str = "middle") -> str:
    """One line of text."""
    style = f'font-size="{size}" font-weight="{weight}" text-anchor="{anchor}" fill="#101828"'
    return f'<text x="{x}" y="{y}" {style}>{words}</text>'


def box(x: float, y: float, w: float, h: float, title: str, *lines: str, fill: str = "#ffffff") -> str:
    """A part with its name and what it does."""
    parts = [
        f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="10" fill="{fill}" stroke="#5b6b82" stroke-width="1.5"/>'
    ]
    top = y + h / 2 - 9 * len(lines) + 5
    parts.append(text(x + w / 2, top, title, 15, 600))
    parts += [text(x + w / 2, top + 19 * (n + 1), line, 12) for n, line in enumerate(lines)]
    return "".join(parts)


def wire(kind: str, *points: tuple[float, float], width: float = 3, dash: str = "") -> str:
    """A line through points; dashed where asked."""
    path = " ".join(f"{x},{y}" for x, y in points)
    style = f'stroke="{COLOURS[kind]}" stroke-width="{width}"' + (f' stroke-dasharray="{dash}"' if dash else "")
    return f'<polyline points="{path}" fill="none" {style} stroke-linejoin="round"/>'


def power() -> list[str]:
    """Battery, fuse, contactors, buses and shunt."""
    return [
        wire("plus", (105, 112), (105, 60), (180, 60), width=5),
        box(180, 36, 110, 48, "Fuse", "class T"),
        wire("plus", (290, 60), (440, 60), width=5),
        wire("plus", (426, 60), (426, 150), (440, 150), width=5),
        box(440, 36, 170, 48, "Charge contactor", "with feedback"),
        box(440, 126, 170, 48, "Load contactor", "pre-charge, feedback"),
        wire("plus", (610, 60), (720, 60), width=5),
        wire("plus", (610, 150), (720, 150), width=5),
        box(720, 32, 380, 56, "Charge bus", "solar · alternator (surge protector) · shore charger", fill="#e7f6ef"),
        box(720, 122, 380, 56, "Load bus", "inverter · lights · instruments · water", fill="#fdf1df"),
        wire("minus", (105, 540), (105, 606), (240, 606), width=5),
        box(240, 578, 160, 56, "Shunt", "read by the base board"),
        wire("minus", (400, 606), (1060, 606), (1060, 178), width=5),
        text(730, 598, "common minus", 12),
    ]


def boards() -> list[str]:
    """Cells and the boards that watch them."""
    parts = []
    for n in range(4):
        y = 110 + 112 * n
        name, note = (
            ("Base board", "cells 1–4, shunt, relays")
            if n == 3
            else (f"Slave {3 - n}", f"cells {13 - 4 * n}–{16 - 4 * n}")
        )
        parts.append(box(40, y, 130, 96, f"{13 - 4 * n}–{16 - 4 * n}", "4 cells", fill="#eef2f7"))
        parts += [wire("sense", (170, y + 18 + 15 * k), (240, y + 18 + 15 * k), width=1.2) for k in range(5)]
        parts.append(box(240, y + 6, 160, 84, name, note, "own guard", fill="#eaf2ff"))
        if n < 3:
            parts.append(wire("bus", (300, y + 90), (300, y + 118), width=2.5))
            parts.append(wire("loop", (345, y + 90), (345, y + 118), width=2.5))
    parts.append(wire("sense", (320, 578), (320, 536), width=2, dash="6 4"))
    return parts


def control() -> list[str]:
    """Master, panel, monitor and the two permission loops."""
    return [
        wire("bus", (400, 484), (470, 484), width=2.5),
        text(436, 500, "RS-485", 11),
        box(470, 440, 190, 84, "Master", "Raspberry-Pi class", "works alone", fill="#eaf2ff"),
        box(740, 440, 190, 84, "Monitor", "touch display, phone, PC", "may be switched off"),
        wire("sense", (660, 482), (740, 482), width=2, dash="6 4"),
        box(470, 236, 190, 60, "Emergency stop", "opens both loops"),
        wire("loop", (400, 186), (448, 186), (448, 266), (470, 266), width=2.5),
        wire("loop", (524, 236), (524, 174), width=2.5),
        wire("loop", (624, 236), (624, 208), (652, 208), (652, 105), (524, 105), (524, 84), width=2.5),
        text(668, 218, "two permission loops feed the coils:", 12, anchor="start"),
        text(668, 235, "every board, chip and the stop can drop them", 12, anchor="start"),
        box(470, 340, 190, 60, "Six outputs", "heater, generator, fan …"),
        wire("sense", (400, 462), (436, 462), (436, 370), (470, 370), width=2, dash="6 4"),
        box(740, 340, 190, 60, "Panel", "LED, buzzer, reset button"),
        wire("sense", (436, 416), (700, 416), (700, 370), (740, 370), width=2, dash="6 4"),
    ]


def drawing() -> str:
    """The whole picture."""
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="system-ui, sans-serif" role="img">'
    title = "<title>Wiring of a 48 V installation</title>"
    ground = f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#f8fafc"/>'
    note = text(
        WIDTH / 2,
        672,
        "Boards are supplied from the whole pack, upstream of the contactors, by a fused isolated DC/DC converter.",
        12,
    )
    return "\n".join([head, title, ground, *power(), *boards(), *control(), note, "</svg>"]) + "\n"


if __name__ == "__main__":
    Path(__file__).with_suffix(".svg").write_text(drawing(), encoding="utf-8")
