"""Networks and nothing else: no targets, no loss, no decoding."""
