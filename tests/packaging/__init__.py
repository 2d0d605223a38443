"""Tests of what is handed out: wheel, sdist, packages."""
