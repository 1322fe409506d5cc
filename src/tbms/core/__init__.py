"""The arithmetic of the house: pure functions from a sample to decisions. No clock, no I/O, no globals."""
