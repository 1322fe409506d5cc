"""What may be charged and discharged, and which contactors may be closed."""
