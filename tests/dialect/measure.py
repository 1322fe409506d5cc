"""What the node's program costs on the real interpreter: prints name and figure; MicroPython only.

Run: micropython -X heapsize=200k tests/dialect/measure.py SRC ROOT
"""

import gc
import sys
import time

if __name__ == "__main__":
    sys.path[:0] = sys.argv[1:3]

from tests.slave.bench import Bench

from tbms.wire.frames import seal

PASSES = 200
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def ticks() -> int:
    now: int = time.ticks_us()  # type: ignore[attr-defined]
    return now


def used() -> int:
    """Heap in use, B."""
    now: int = gc.mem_alloc()  # type: ignore[attr-defined]
    return now


def garbage(action: "Callable[[], object]") -> int:
    """B left behind by one run, the least of several."""
    least = 1 << 30
    gc.collect()
    gc.disable()
    for _ in range(20):
        before = used()
        action()
        least = min(least, used() - before)
    gc.enable()
    return least


def median(action: "Callable[[], object]") -> int:
    """The median of many runs, µs."""
    times = []
    for _ in range(PASSES):
        began = ticks()
        action()
        times.append(ticks() - began)
    return sorted(times)[PASSES // 2]


def pause(bench: Bench) -> int:
    """Longest collection while the node runs and answers, µs; collected once a cycle of the bus."""
    longest = 0
    for _ in range(100):
        bench.run(100)
        bench.ask(4, 0, 20)
        began = ticks()
        gc.collect()
        longest = max(longest, ticks() - began)
    return longest


if __name__ == "__main__":
    bench = Bench().start()
    read = seal(b"\x01\x04\x00\x00\x00\x14")

    def guard() -> None:
        bench.node.guard.step(10)

    def cycle() -> None:
        bench.now += 10
        bench.node.step(bench.now)
        bench.node.receive(read)

    print("guard_us", median(guard))
    print("guard_bytes", garbage(guard))
    print("cycle_us", median(cycle))
    print("cycle_bytes", garbage(cycle))
    print("collect_us", pause(bench))
    gc.collect()
    print("free_bytes", gc.mem_free())  # type: ignore[attr-defined]
