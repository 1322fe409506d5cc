"""The simulated world: cells, pack, loads, sun, chargers, faults, scenarios."""
