"""Temperature from a thermistor and a converter, in integers."""

# Ω from -40 °C upwards in steps of 5 K, by R = 10 kΩ · exp(B · (1/T - 1/298.15 K)); T in K, B between 25 and 85 °C.
LOWEST_DC = -400
STEP_DC = 50

B3950 = (
    401860, 281577, 200204, 144317, 105385, 77898, 58246, 44026, 33621, 25925, 20175, 15837, 12535, 10000, 8037,
    6506, 5301, 4348, 3588, 2978, 2486, 2086, 1760, 1492, 1270, 1087, 934, 805, 698, 606, 529, 463, 407, 359,
)  # fmt: skip
B3435 = (
    248277, 182221, 135452, 101898, 77523, 59606, 46290, 36290, 28704, 22897, 18410, 14916, 12171, 10000, 8269, 6881,
    5759, 4847, 4101, 3488, 2981, 2559, 2207, 1912, 1662, 1451, 1272, 1118, 987, 874, 776, 692, 618, 554,
)  # fmt: skip


def resistance(raw: int, full_scale: int, pull_up: int) -> int | None:
    """Ω of a thermistor to ground below `pull_up` Ω, from a ratiometric reading 0..full_scale.

    None where no resistance fits: the wire is open (reading at the top) or shorted (at the bottom).
    """
    if raw <= 0 or raw >= full_scale:
        return None
    return pull_up * raw // (full_scale - raw)


def temperature(table: tuple[int, ...], ohm: int | None) -> int | None:
    """0.1 °C of a thermistor of `ohm` Ω, -400..1250; None beyond the table, which is how open and short look.

    Linear between entries 5 K apart: at most 0.3 K from the curve.
    """
    if ohm is None or not table[-1] <= ohm <= table[0]:
        return None
    low, high = 0, len(table) - 1  # table[low] >= ohm >= table[high]
    while high - low > 1:
        middle = (low + high) // 2
        if table[middle] >= ohm:
            low = middle
        else:
            high = middle
    span = table[low] - table[high]
    return LOWEST_DC + STEP_DC * low + (STEP_DC * (table[low] - ohm) + span // 2) // span
