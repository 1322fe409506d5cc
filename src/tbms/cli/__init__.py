"""Commands and benches: the only room that knows every other, and loads each only when asked."""
