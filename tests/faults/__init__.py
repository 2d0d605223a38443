"""Faults that are made on purpose, as programs that can be run as often as wanted."""
