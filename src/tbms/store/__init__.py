"""Events and learned values that survive a power cut."""
