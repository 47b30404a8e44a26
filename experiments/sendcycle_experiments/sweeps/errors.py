"""What can be wrong with a design."""

from sendcycle.errors import SendcycleError


class DesignError(SendcycleError, ValueError):
    """A design is incomplete, contradictory or names something that is not declared."""
