"""Where and how things are written: places, text."""
