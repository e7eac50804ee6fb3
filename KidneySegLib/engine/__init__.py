"""Engines: run a network on tiles, on the device at hand."""
