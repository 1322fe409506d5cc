"""The twin behind a real serial bus."""
