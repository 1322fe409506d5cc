"""Starting, watching and ending the processes of one system, so that none is left behind."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tbms.master.realtime import BESIDE, die_with_parent, prefer, yield_to_control

PATIENCE = 6.0  # s that a process may take to end when asked; then it is ended


@dataclass
class Child:
    """One process and its name, as people are told of it.

    pulse: end of a pipe on which it tells that it goes on, -1 where it does not. heard: when it last did.
    condemned: it was killed because it did not. began: monotonic, s.
    """

    name: str
    process: subprocess.Popen[bytes]
    pulse: int = -1
    heard: float | None = None
    condemned: bool = False
    began: float = field(default_factory=time.monotonic)

    def silent(self, now: float) -> float:
        """How long it has told nothing, s; 0 before it first did."""
        with contextlib.suppress(BlockingIOError):
            if self.pulse >= 0 and os.read(self.pulse, 4096):
                self.heard = now
        return 0.0 if self.heard is None else now - self.heard

    @property
    def ended(self) -> bool:
        """It is not there any more."""
        return self.process.poll() is not None

    @property
    def how(self) -> str:
        """How it ended, in words."""
        status = self.process.poll() or 0
        if status >= 0:
            return f"with status {status}"
        with contextlib.suppress(ValueError):
            return f"by {signal.Signals(-status).name}"
        return f"by signal {-status}"

    def ask(self) -> None:
        """Ask it to end."""
        if not self.ended:
            self.process.terminate()

    def end(self, until: float) -> bool:
        """Wait for its end until monotonic `until`, then kill it; False when it had to be killed."""
        try:
            self.process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return False
        finally:
            if self.pulse >= 0:
                os.close(self.pulse)
                self.pulse = -1
        return True


def start(
    name: str,
    module: str,
    arguments: Sequence[str],
    pass_fds: Sequence[int] = (),
    first: bool = False,
    quiet: bool = False,
) -> Child:
    """Run a module of this package as a process of its own session: Ctrl-C reaches only its parent.

    It is told to end when its parent dies. first: it is on the way from cell to contactor, so it runs before
    ordinary programs where that is permitted; the others come after it. quiet: it says nothing to the terminal.
    """
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own modules
        [sys.executable, "-m", module, *arguments],
        pass_fds=pass_fds,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if quiet else None,
        stderr=subprocess.DEVNULL if quiet else None,
        start_new_session=True,
        preexec_fn=_prepare(os.getpid(), first),  # the parent has one thread
    )
    return Child(name, process)


def _prepare(parent: int, first: bool) -> Callable[[], None]:
    def prepare() -> None:
        die_with_parent(signal.SIGTERM if first else signal.SIGKILL)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)
        if not (first and prefer(BESIDE)):
            yield_to_control(0 if first else 5)

    return prepare


def guarded(main: Callable[[], int]) -> int:
    """The exit status of a process's `main`; what it did not foresee is one sentence on stderr."""
    try:
        return main()
    except Exception as unforeseen:
        if os.environ.get("TBMS_DEBUG"):
            raise
        print(f"tbms: {type(unforeseen).__name__}: {unforeseen} (TBMS_DEBUG=1 shows where)", file=sys.stderr)
        return 70


def stop(children: Sequence[Child], patience: float = PATIENCE) -> list[str]:
    """End the processes, one after the other, each within `patience` s; the names of those that had to be killed."""
    killed = []
    for child in children:
        child.ask()
        if not child.end(time.monotonic() + patience):
            killed.append(child.name)
    return killed
