"""The first page, used as a person uses it, in a real browser."""

from dataclasses import replace

import pytest
from playwright.sync_api import Route, WebSocketRoute, expect
from tests.monitor import scenes
from tests.web.conftest import SIZES, Boat, Open
from tests.web.looking import figure, live, resized, unbroken

from tbms.model.snapshot import Activity, ContactorPhase, ContactorSnapshot, OutputSnapshot

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize("size", SIZES)
def test_the_answers_are_there_at_a_glance(visit: Open, size: str) -> None:
    page = live(visit(size).go())
    expect(page.locator(".percent").first).to_have_text("76%")
    expect(page.locator(".word").first).to_have_text("discharging")
    expect(page.locator(".forecast").first).to_have_text("empty in 6 h 40 min")
    expect(figure(page, "voltage")).to_have_text("52.99")
    expect(figure(page, "current")).to_have_text("−22.9")
    expect(figure(page, "power")).to_have_text("−1.21")
    expect(page.get_by_text("all well").first).to_be_visible()
    for key in (".percent", ".forecast", "dl .value >> nth=0", ".caption >> nth=0", "footer button, header button"):
        box = page.locator(key).first.bounding_box()
        assert box is not None
        if size != "phone":
            assert box["y"] + box["height"] <= SIZES[size][1], f"{key} needs scrolling"
    unbroken(page)


def test_every_cell_has_its_three_decimals_and_temperature(visit: Open) -> None:
    page = live(visit("wide").go())
    cells = page.locator(".cells ol li")
    expect(cells).to_have_count(16)
    expect(cells.nth(6)).to_contain_text("3.287V, lowest")
    expect(cells.nth(11)).to_contain_text("3.331V, highest")
    expect(cells.nth(0)).to_contain_text("21.0")
    expect(page.locator(".caption").last).to_contain_text("lowest, cell 7: 3.287 V")
    heights = page.locator(".cells .fill").evaluate_all("all => all.map(bar => bar.clientHeight)")
    assert heights.index(min(heights)) == 6
    assert heights.index(max(heights)) == 11
    assert page.locator(".cells .limit.cut .tag").all_inner_texts() == ["3.65"]
    assert page.locator(".cells .limit.warn .tag").all_inner_texts() == ["3.00", "3.55"]


def test_outputs_contactors_and_nodes_say_why(visit: Open) -> None:
    page = live(visit("wide").go())
    expect(page.locator(".outputs li")).to_have_count(6)
    expect(page.locator(".outputs li").nth(1)).to_contain_text("off · lowest cell 3.287 V > 3.175 V")
    expect(page.locator(".outputs li").nth(4)).to_contain_text("off · by hand · coldest cell 18.0 °C")
    expect(page.locator(".outputs")).to_contain_text("Charge contactor closed")
    expect(page.locator(".day")).to_contain_text("kWh")
    expect(page.get_by_text("simulated boat").first).to_be_visible()


def test_values_follow_the_boat_at_most_twice_a_second(visit: Open, boat: Boat) -> None:
    page = live(visit("wide").go())
    page.evaluate(
        """() => { window.changes = 0; new MutationObserver(() => window.changes++)
        .observe(document.querySelector('.energy'), {subtree: true, characterData: true, childList: true}); }"""
    )
    for step in range(8):
        boat.show(replace(scenes.calm(), current=-30.0 - step))
        page.wait_for_timeout(150)
    boat.show(replace(scenes.charging(), current=41.64))
    expect(figure(page, "current")).to_have_text("41.6")
    expect(page.locator(".word")).to_have_text("charging")
    assert 2 <= page.evaluate("window.changes") <= 5


def test_what_is_unknown_is_never_zero(visit: Open, boat: Boat) -> None:
    boat.show(replace(scenes.unknown(), acknowledged=True))
    page = visit("wide").go()
    expect(page.locator(".percent").first).to_have_text("–%")
    for _ in resized(page):
        for label in ("voltage", "current", "power", "cell spread"):
            expect(figure(page, label)).to_have_text("–")
        assert "0" not in [text.strip() for text in page.locator("dd .value, li .volt").all_inner_texts()]
        expect(page.locator(".cells li .volt").first).to_contain_text("unknown")
    page.get_by_role("link", name="More").click()
    page.get_by_role("link", name="Diagnostics").click()
    expect(page.locator(".protection")).to_contain_text("3 of 4 answer")
    expect(page.locator(".protection")).to_contain_text("Node 3: silent")


def test_an_alarm_names_cell_value_limit_time_deed_and_remedy(visit: Open, boat: Boat) -> None:
    boat.show(scenes.alarmed())
    page = live(visit("wide").go())
    banner = page.get_by_role("region", name="Alarm")
    expect(banner).to_contain_text("Cell voltage too high")
    expect(banner).to_contain_text("Cell 12: 3.662 V, above 3.650 V, for ")
    expect(banner).to_contain_text("TBMS opened the charge contactor.")
    expect(banner).to_contain_text("Switch the chargers off and let the battery rest.")
    expect(banner).to_contain_text("Cell voltage too low: Cell 7: 2.991 V, below 3.000 V, for ")
    expect(page.locator(".flow")).to_contain_text("stopped")
    expect(page.locator("[role=alert]").first).to_have_text("Alarm: Cell voltage too high")
    unbroken(page)
    with page.expect_response("**/api/v1/command"):
        banner.get_by_role("button", name="Acknowledge").click()
    expect(banner).to_be_visible()
    assert boat.commanded() == [{"kind": "acknowledge", "value": "", "who": "somebody from this computer"}]
    boat.show(replace(scenes.alarmed(), acknowledged=True))
    expect(banner).to_contain_text("acknowledged")
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)


def test_an_alarm_fills_the_kiosk_until_it_is_acknowledged(visit: Open, boat: Boat) -> None:
    page = live(visit("kiosk").go())
    boat.show(scenes.alarmed())
    alarm = page.get_by_role("alertdialog")
    expect(alarm).to_contain_text("Cell 12: 3.662 V, above 3.650 V")
    expect(alarm).to_contain_text("Switch the chargers off")
    assert alarm.bounding_box() == {"x": 0, "y": 0, "width": 480, "height": 320}
    page.keyboard.press("Escape")
    expect(alarm).to_be_visible()
    alarm.get_by_role("button", name="Silence").click()
    boat.show(replace(scenes.alarmed(), acknowledged=True))
    expect(alarm).to_have_count(0)
    expect(page.locator("header.alarm")).to_contain_text("Cell 12 3.662 V > 3.650 V")
    assert [asked["kind"] for asked in boat.commanded()] == ["acknowledge"]


def test_a_lost_master_turns_the_page_grey_with_its_age(visit: Open, boat: Boat) -> None:
    page = live(visit("wide").go())
    tone = "element => getComputedStyle(element).color"
    colour = page.locator(".percent b").evaluate(tone)
    boat.sink()
    expect(page.locator("main.stale")).to_be_attached()
    for size in resized(page):
        expect(page.get_by_text("The monitor cannot reach the master.").last).to_be_attached()
        expect(page.locator(".age").first).to_contain_text("s old")
        expect(page.locator(".percent").first).to_have_text("76%")
        assert page.locator(".percent b").evaluate(tone) != colour
        hatched = page.locator(".glance" if size == "kiosk" else ".panel").first
        assert "repeating-linear-gradient" in hatched.evaluate("e => getComputedStyle(e).backgroundImage")
    boat.raise_again()
    live(page)
    expect(page.locator(".age")).to_have_count(0)


@pytest.mark.parametrize("dies", [False, True])
def test_the_line_is_open_before_the_program_has_arrived(visit: Open, dies: bool) -> None:
    visited = visit("phone")
    lines: list[WebSocketRoute] = []
    held: list[Route] = []

    def line(route: WebSocketRoute) -> None:
        lines.append(route)
        if dies and len(lines) == 1:
            route.close()
        else:
            route.connect_to_server()

    visited.page.route_web_socket("**/api/v1/live", line)
    visited.page.route("**/assets/index-*.js", lambda route: held.append(route))
    visited.page.goto(visited.address, wait_until="commit")
    over = "window.early?.socket.readyState > 1" if dies else "window.early?.messages.length"
    visited.page.evaluate(
        f"new Promise((go) => {{ const look = () => {over} ? go() : setTimeout(look, 10); look(); }})"
    )
    held[0].continue_()
    live(visited.page)
    assert len(lines) == (2 if dies else 1)


def test_a_lost_monitor_is_told_and_found_again(visit: Open) -> None:
    visited = visit("wide")
    lines: list[WebSocketRoute] = []

    def line(route: WebSocketRoute) -> None:
        lines.append(route)
        if len(lines) != 2:
            route.connect_to_server()
        else:
            route.close()

    visited.page.route_web_socket("**/api/v1/live", line)
    page = live(visited.go())
    lines[0].close()
    expect(page.get_by_text("This page has lost its connection to the monitor.").last).to_be_attached()
    expect(page.get_by_text("not live")).to_be_visible()
    live(page)
    assert len(lines) == 3


def test_without_measurements_faults_stay_live(visit: Open, boat: Boat) -> None:
    boat.show(replace(scenes.unknown(), stale=7.0))
    page = visit("wide").go()
    stale = page.get_by_role("region", name="not live")
    expect(stale).to_contain_text("The master has no complete measurements.")
    expect(stale).to_contain_text("What you see is 7 s old.")
    expect(page.locator(".panel.stale")).to_have_count(3)
    expect(page.locator(".protection .age")).to_have_count(0)
    expect(page.locator("main.stale")).to_have_count(0)
    page.set_viewport_size({"width": 480, "height": 320})
    expect(page.get_by_role("alertdialog")).to_contain_text("A measuring node is silent")


def test_one_unknown_cell_leaves_the_others_live(visit: Open, boat: Boat) -> None:
    calm = scenes.calm()
    listed = tuple(replace(cell, voltage=None) if n == 2 else cell for n, cell in enumerate(calm.cell))
    boat.show(replace(calm, cell=listed, stale=60.0))
    page = visit("wide").go()
    expect(page.locator(".cells li .volt").nth(2)).to_contain_text("–")
    expect(page.locator(".stale")).to_have_count(0)


def test_after_a_stop_it_is_not_all_well(visit: Open, boat: Boat) -> None:
    latched = ContactorSnapshot(ContactorPhase.LATCHED, False, "stopped by monitor", 3600.0)
    boat.show(replace(scenes.calm(), charge_contactor=latched, load_contactor=latched))
    page = visit("wide").go()
    banner = page.get_by_role("region", name="Warning")
    expect(banner).to_contain_text("Battery is locked open stopped by monitor.")
    expect(banner).to_contain_text("hold the button on the panel for three seconds")
    expect(page.get_by_text("all well")).to_have_count(0)
    opened = replace(latched, phase=ContactorPhase.OPEN)
    boat.show(replace(scenes.calm(), charge_contactor=opened))
    expect(page.locator(".status")).to_have_text("charging is off")


def test_stop_is_held_for_two_seconds(visit: Open, boat: Boat) -> None:
    visited = visit("kiosk", reduced_motion="reduce")
    visited.page.clock.install()
    page = live(visited.go())
    stop = page.get_by_role("button", name="Stop")
    box = stop.bounding_box()
    assert box is not None
    assert box["height"] >= 56
    stop.hover()
    page.mouse.down()
    expect(stop).to_contain_text("keep holding")
    assert stop.locator(".progress").evaluate("e => getComputedStyle(e).transitionDuration") == "0s"
    page.clock.run_for(1500)
    page.mouse.up()
    expect(stop).to_contain_text("hold 2 s")
    page.clock.run_for(2000)
    assert boat.commanded() == [], "a short press stops nothing"
    page.mouse.down()
    page.clock.run_for(2100)
    expect(page.get_by_text("Stop was sent")).to_be_visible()
    page.mouse.up()
    assert boat.commanded() == [{"kind": "stop", "value": "", "who": "somebody from this computer"}]


def test_stop_by_keyboard_and_a_refusal_in_words(visit: Open, boat: Boat) -> None:
    boat.system.master.refusal = {"code": -32000, "message": "the panel is in test mode"}
    visited = visit("wide")
    visited.page.clock.install()
    page = live(visited.go())
    page.get_by_role("button", name="Stop").focus()
    page.keyboard.down("Space")
    page.clock.run_for(2100)
    expect(page.get_by_text("The panel is in test mode.")).to_be_visible()
    page.keyboard.up("Space")
    assert [asked["kind"] for asked in boat.commanded()] == ["stop"]
    assert all("409" in line for line in visited.amiss), visited.amiss
    visited.amiss.clear()


def test_a_fast_boat_says_so(visit: Open, boat: Boat) -> None:
    boat.show(replace(scenes.calm(), speed=60.0))
    page = visit("phone").go()
    expect(page.get_by_text("simulated boat, 60 × faster, without the bus")).to_be_visible()
    boat.show(replace(scenes.calm(), simulated=False))
    expect(page.get_by_text("simulated boat")).to_have_count(0)


def test_a_relay_that_does_not_follow_and_an_unused_output(visit: Open, boat: Boat) -> None:
    stuck = OutputSnapshot("Fan", "fan", True, False, "cell 3 36.10 °C > 35.00 °C for 5.0 s")
    spare = OutputSnapshot("unused", "unused", False, False, "unused")
    boat.show(replace(scenes.calm(), outputs=(stuck, spare), activity=Activity.RESTING, soc=1.0))
    page = live(visit("wide", language="fr").go())
    expect(page.locator(".outputs li").first).to_contain_text("Cellule 3 36,10 °C > 35,00 °C depuis 5,0 s")
    expect(page.locator(".outputs li").first).to_contain_text("le relais indique encore arrêt")
    expect(page.locator(".outputs li").nth(1)).to_contain_text("Sortie 2")
    expect(page.locator(".word")).to_have_text("pleine")


@pytest.mark.parametrize("size", SIZES)
def test_one_contactor_is_drawn_once(visit: Open, boat: Boat, size: str) -> None:
    shut = ContactorSnapshot(ContactorPhase.CLOSED, True, "permitted", 1.0)
    well = replace(scenes.calm(), common=True, charge_contactor=shut, load_contactor=shut)
    boat.show(well)
    visited = visit(size)
    page = live(visited.go())
    expect(page.locator(".flow")).to_contain_text("Chargers allowed")
    boat.show(replace(well, may_charge=False))
    expect(page.locator(".flow")).to_contain_text("Chargers stopped")
    expect(page.locator(".flow .end")).to_have_count(3)
    expect(page.locator(".flow .link")).to_have_count(1)
    expect(page.locator(".flow")).to_contain_text("Main contactor")
    expect(page.locator("body")).not_to_contain_text("Charge contactor")
    unbroken(page)
    page.goto(page.url.split("#")[0] + "#/system")
    expect(page.get_by_text("Main contactor").first).to_be_visible()
    expect(page.get_by_text("Charging is not allowed").first).to_be_visible()
    expect(page.get_by_text("Discharging is allowed").first).to_be_visible()
    expect(page.get_by_text("Load contactor")).to_have_count(0)
    unbroken(page)
