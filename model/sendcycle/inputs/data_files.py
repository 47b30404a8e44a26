"""The data files that come with the model, `model/sendcycle/inputs/data`: where they are, wherever it is installed."""

from importlib.resources import files
from importlib.resources.abc import Traversable


def data_file(name: str) -> Traversable:
    """Return the data file of that name, ready to be opened."""
    return files("sendcycle.inputs") / "data" / name
