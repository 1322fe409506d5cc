"""Chip drivers of the nodes: one file a chip, over one small port (docs/hardware/afe-port.md)."""
