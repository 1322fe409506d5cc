"""TBMS, the open battery and energy management system."""

__version__ = "0.1.0"
