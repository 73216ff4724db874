"""School seats: which options in which year, who goes where, and zones that hang together."""
