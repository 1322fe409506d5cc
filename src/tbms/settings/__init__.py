"""Every option an owner can set: default, range, unit and help in one place."""

from tbms.settings.compiled import HardLimit, HardLimits, OutputRole, Settings
from tbms.settings.compiler import build
from tbms.settings.load import load
from tbms.settings.problems import SettingsError

__all__ = ["HardLimit", "HardLimits", "OutputRole", "Settings", "SettingsError", "build", "load"]
