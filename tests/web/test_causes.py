"""What the master says in English is told in the language of the display."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect
from tests.monitor import scenes
from tests.web.conftest import Boat, Open
from tests.web.test_pages import at

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ENGLISH = r"\b(the|than|others|charging|state of|unknown|not|with|waiting|stopped|lowest|highest|for)\b"
CAUSES = {
    "Water heater: state of charge 49.9 % ≤ 50.0 % for 30 s": "Water heater: Ladezustand 49,9 % ≤ 50,0 % seit 30 s",
    "Fan: coldest cell 3.1 °C < 5.0 °C and input 3 not on":
        "Fan: kälteste Zelle 3,1 °C < 5,0 °C und Eingang 3 nicht ein",
    "Fan: spread of resistance unknown": "Fan: Spreizung der Widerstände unbekannt",
    "Fan: current: not in quiet hours": "Fan: Strom: nicht in der Ruhezeit",
    "Fan: lowest cell 3.170 V < 3.175 V for 60 s (warm up)":
        "Fan: niedrigste Zelle 3,170 V < 3,175 V seit 60 s (läuft warm)",
    "cell 16 holds less than the others: it is empty 8 % before them":
        "Zelle 16 fasst weniger als die anderen: ist 8 % vor ihnen leer",
    "cell 3 shows 40 % more ohmic resistance than the others: a connection beside it":
        "Zelle 3 zeigt 40 % mehr ohmschen Widerstand als die anderen: eine Verbindung daneben",
    "the voltage says 58 %, counting said 50 %": "die Spannung sagt 58 %, die Zählung sagte 50 %",
    "closed -> opening (cell 12 3.662 V > 3.65 V for 1.0 s; waiting for the charger to stop)":
        "Zelle 12 3,662 V > 3,65 V seit 1,0 s; wartet, bis das Ladegerät aufhört",
    "not yet: cell 3 3.61 V > 3.6 V": "noch nicht: Zelle 3 3,61 V > 3,6 V",
    "open -> open (pre-charge failed: bus 12.4 V below the pack after 5 s; is a load switched on?)":
        "Vorladung fehlgeschlagen: Schiene 12,4 V unter der Batterie nach 5 s; ist ein Verbraucher eingeschaltet?",
    "cell 7: cleared by Anna": "Zelle 7: aufgehoben von Anna",
    "profile store: 50 % reached, rests until 40 %": "Profil einlagern: 50 % erreicht, ruht bis 40 %",
    "somebody from this computer: output 2 on for 60 s": "jemand von diesem Rechner: Ausgang 2 ein (60 s)",
    "stopped by Anna from this computer": "gestoppt von Anna von diesem Rechner",
    "Power from 10.0.0.7: alarms seen": "Power von 10.0.0.7: Alarme gesehen",
    "Alarm: something new that nobody has translated": "Alarm: something new that nobody has translated",
}  # fmt: skip


def test_causes_are_told_in_the_language_of_the_display(visit: Open, boat: Boat) -> None:
    page = at(visit, "outputs", language="de")
    whys = page.locator("article > p:first-of-type")
    outputs = scenes.calm().outputs
    for begun in range(0, len(CAUSES), len(outputs)):
        some = list(CAUSES.items())[begun : begun + len(outputs)]
        inner = [re.sub(r"^\w+ -> \w+ \((.*)\)$", r"\1", cause) for cause, _ in some]  # as a contactor's event has it
        shown = [replace(each, cause=cause, override=False) for each, cause in zip(outputs, inner, strict=False)]
        boat.show(replace(scenes.calm(), outputs=(*shown, *outputs[len(shown) :])))
        for place, (cause, said) in enumerate(some):
            expect(whys.nth(place)).to_have_text(said)
            assert "nobody" in cause or not re.search(ENGLISH, said)
