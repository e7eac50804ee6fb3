"""The computer that this runs on: packages, memory, files that ship, the log of a crash."""
