"""The node firmware, in the MicroPython dialect (docs/adr and STYLE name its rules)."""
