"""The verbs of the window: one module a menu, each with its class and its rows of the table of actions."""
