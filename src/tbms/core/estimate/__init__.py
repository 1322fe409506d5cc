"""What cannot be measured: charge, resistance, capacity, health, limits."""
