"""Words in the user's language.

What the window shows is written in English. Plain literals of widgets (labels, buttons, tooltips, titles,
accessible names) need nothing: app.views.retranslation follows them. What is set later, painted, or given by
a model goes through ``tr`` of app.i18n.translation; an f-string may go in as it is: ``tr(f"{count} images")``
finds the entry ``{n} images``. Every string needs an entry in resources/i18n; tests/gui/test_language.py
names those that have none.
"""
