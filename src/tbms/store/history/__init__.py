"""The lifetime history: every measure of every cell, sealed hourly, rolled up, searchable and exportable."""
