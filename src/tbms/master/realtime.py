"""What helps a loop keep its time on an ordinary Linux; each part is left out where it is not permitted."""

import contextlib
import ctypes
import faulthandler
import gc
import os
import signal
import sys

PRIORITY = 20  # of 1..99: above all ordinary programs, below the kernel's own threads
BESIDE = 10  # of whoever else is on the way from cell to contactor (the simulated boat)
DEADLINE = 5.0  # s without a cycle: the leases have run out long ago, so end and be started anew
YOUNG_EVERY, OLD_EVERY = 10, 6000  # cycles between two collections of young and of all objects: 1 s and 10 min

_PR_SET_PDEATHSIG = 1


def prefer(priority: int = PRIORITY) -> bool:
    """Run this process before ordinary ones; False where that is not permitted.

    Its threads follow: one of them that held the interpreter's lock at ordinary priority would hold up the others.
    """
    scheduler = getattr(os, "SCHED_FIFO", None)
    if scheduler is None:
        return False
    try:
        os.sched_setscheduler(0, scheduler, os.sched_param(priority))
    except OSError:
        return False
    return True


def yield_to_control(niceness: int = 5) -> None:
    """Run this process after the control process when both want the processor."""
    with contextlib.suppress(OSError):
        os.nice(niceness)


def die_with_parent(with_signal: int = signal.SIGTERM) -> None:
    """Have the kernel end this process when its parent dies, however the parent dies (Linux)."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, with_signal, 0, 0, 0)


def settle() -> None:
    """Take garbage collection in hand: nothing made so far is looked at again, and no pass comes unasked."""
    gc.collect()
    gc.freeze()
    gc.disable()


def tidy(cycle: int) -> None:
    """Collect what this cycle may: called in the idle part of each cycle."""
    if cycle % OLD_EVERY == 0:
        gc.collect()
    elif cycle % YOUNG_EVERY == 0:
        gc.collect(1)


def arm() -> None:
    """Begin or renew the deadline: a loop that hangs is ended, with its traceback on stderr."""
    faulthandler.dump_traceback_later(DEADLINE, exit=True)


def disarm() -> None:
    """End the deadline watch."""
    faulthandler.cancel_dump_traceback_later()
