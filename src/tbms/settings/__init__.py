"""Every option an owner can set: default, range, unit and help in one place."""
