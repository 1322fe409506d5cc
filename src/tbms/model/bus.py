"""How the bus to a node fares."""

from dataclasses import dataclass


@dataclass(slots=True)
class NodeCounters:
    """What became of the questions to one node since the start.

    frames: answers accepted. timeouts: no answer. crc_errors: answers that fail their check or are not what was asked.
    stale: answers of an older cycle. refused: exceptions.
    """

    frames: int = 0
    timeouts: int = 0
    crc_errors: int = 0
    stale: int = 0
    refused: int = 0
