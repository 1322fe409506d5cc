"""What master and nodes share: register map, CRC and frames, in the MicroPython dialect."""
