"""Journeys through the window."""
