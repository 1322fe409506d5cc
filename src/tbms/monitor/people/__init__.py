"""People: who may look, operate or change, by password and session."""
