"""Numbers with their noun, as people say them."""


def counted(number: int, noun: str) -> str:
    """1 image, 2 images; for nouns that take an s."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
