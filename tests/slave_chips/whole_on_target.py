"""The whole firmware over emulated chips on the interpreter of the microcontrollers (and CPython)."""

import sys

ROOT = sys.argv[1]
sys.path[0:0] = [ROOT + "/src", ROOT]

from tests.slave_chips.whole import Whole  # noqa: E402 - the path comes first

whole = Whole(sys.argv[2]).start(0b11000000)
assert whole.loops() == (True, True)
assert whole.reading().row("cell", 4) == (3.3, 3.301, 3.302, 3.303)
whole.cells.millivolts[2] = 3770
whole.run(2300)
assert whole.loops() == (False, True)
assert whole.reading().guard == ("cell_overvoltage",)
whole.permits = None
whole.run(4000)
assert whole.pins.driven["charge_close"] == 0
assert whole.pins.driven["load_close"] > 0
whole.boot()
whole.run(1500)
assert whole.loops() == (False, False)
print("proved")
