"""The open page: its one writer, its undo stack, and what is selected. No widgets."""
