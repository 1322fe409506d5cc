"""One file for each way to reach the world; delete a file and nothing else breaks."""
