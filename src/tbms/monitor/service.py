"""What a service tells systemd: that it is up, and that it still is (sd_notify(3))."""

import asyncio
import os
import socket

BEAT = 3.0  # parts of the watchdog's time after which it is told again


def notify(state: str) -> bool:
    """Send one line, e.g. READY=1; False where nobody listens (not started by systemd)."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if not place:
        return False
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            line.connect("\0" + place[1:] if place.startswith("@") else place)
            line.sendall(state.encode())
    except OSError:
        return False
    return True


def interval() -> float | None:
    """Seconds between two beats, None where no watchdog waits for this process."""
    time, whose = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not time.isdigit() or (whose and whose != str(os.getpid())):
        return None
    return int(time) / 1e6 / BEAT


async def beat() -> None:
    """Tell that the service is up, then that its loop still turns, for ever."""
    notify("READY=1")
    every = interval()
    while every is not None:
        notify("WATCHDOG=1")
        await asyncio.sleep(every)
