"""Which values may be believed, and what follows from them."""
