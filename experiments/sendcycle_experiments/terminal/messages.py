"""The one line in which a command says what went wrong or was interrupted, and its exit status."""

import sys

import typer

FAILED, INTERRUPTED = 2, 130


def say(message: str, status: int = FAILED) -> int:
    """Print one line on the error stream and return the exit status."""
    print(f"sendcycle: {' '.join(message.split())}", file=sys.stderr)
    return status


def interrupted(text: str) -> typer.Exit:
    """Say in one line what an interruption left, and return what ends the command with its status."""
    return typer.Exit(say(f"interrupted; {text}", INTERRUPTED))
