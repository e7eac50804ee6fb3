"""Ways to run it: command line, batch, child process, demo."""
