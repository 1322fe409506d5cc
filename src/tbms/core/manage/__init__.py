"""What is wished within what protection permits."""
