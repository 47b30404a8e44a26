"""The command `sendcycle` and what it prints."""
