"""The window: the model watched in a browser (`sendcycle app`)."""
