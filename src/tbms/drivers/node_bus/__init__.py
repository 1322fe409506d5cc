"""The nodes on their serial line."""

from tbms.drivers.node_bus.bus import BITS, SILENCE, NodeBus, control_words

__all__ = ["BITS", "SILENCE", "NodeBus", "control_words"]
