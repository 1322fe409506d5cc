"""The way out: apprise for messages, one plain request for the sign of life. Everything here blocks."""

import logging
import urllib.request

PATIENCE = 15.0  # s for the sign of life

logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # it would write addresses, which are secrets


def usable(url: str) -> bool:
    """Whether apprise knows what this address means."""
    from apprise import Apprise  # 17 MB: only where alerts are set up

    return bool(Apprise().add(url))


def send(url: str, title: str, body: str) -> str:
    """Deliver one message; a sentence where it was not taken."""
    from apprise import Apprise

    out = Apprise()
    if not out.add(url):
        return "this address is not understood"
    try:
        taken = out.notify(title=title, body=body)
    except Exception as problem:  # noqa: BLE001 - a hundred services, each with its own ways to fail
        return f"not taken ({type(problem).__name__})"
    return "" if taken else "not taken: check the address and this computer's connection"


def beat(url: str) -> str:
    """Fetch the address of the sign of life; a sentence where that failed."""
    if not url.startswith(("http://", "https://")):
        return "this address is not understood"
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 - only http and https, see above
            answer.read(1024)
    except (OSError, ValueError) as problem:
        return f"not answered ({type(problem).__name__})"
    return ""
