"""What cannot be measured: charge, resistance, capacity, health, limits."""

from tbms.core.estimate.charge import EstimateState, initial, update

__all__ = ["EstimateState", "initial", "update"]
