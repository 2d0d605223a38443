"""Widgets: the window, its panels, dialogs and canvas. They hold widgets and call services."""
