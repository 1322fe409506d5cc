"""What cannot be measured: charge, resistance, capacity, health, limits."""

from tbms.core.estimate.estimator import EstimateState, initial, times, update

__all__ = ["EstimateState", "initial", "times", "update"]
