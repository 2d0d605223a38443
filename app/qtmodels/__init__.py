"""Qt item models over pages and regions."""
