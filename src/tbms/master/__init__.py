"""The master: a control process that nothing can stall, and an API process."""
