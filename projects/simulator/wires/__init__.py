"""One module per wire: the addresses it has, what it accepts and what it answers."""
