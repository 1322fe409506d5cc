"""The web server of the pages."""
