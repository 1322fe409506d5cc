"""Alerts: what stands wrong reaches people who are not looking."""
