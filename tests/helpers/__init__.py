"""Robots, fakes and generated pictures shared by tests."""
