"""Tests of the app below its views."""
