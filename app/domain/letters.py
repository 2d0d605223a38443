"""Text of people and files where Qt would take it for HTML if it looks like that: letters stay letters."""

from html import escape


def as_letters(text: str) -> str:
    """The text for a place whose format Qt guesses: a tooltip, a message box, a label of an input dialog."""
    return f'<span style="white-space: pre-wrap">{escape(text)}</span>' if "<" in text else text
