"""How much a test tries: a little in every run, very much in a campaign (TBMS_CAMPAIGN=1)."""

import os

CAMPAIGN = bool(os.environ.get("TBMS_CAMPAIGN"))


def examples(usual: int, campaign: int = 50_000) -> int:
    """How many examples a property looks at."""
    return campaign if CAMPAIGN else usual


def seconds(usual: float, campaign: float = 3600.0) -> float:
    """How much virtual time a test lets pass."""
    return campaign if CAMPAIGN else usual
