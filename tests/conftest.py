"""What holds for all tests: none depends on the speed of the machine.

Tests wait for events, without limit. Where a library insists on one it gets `HANG_SECONDS`, which no busy machine
exceeds: it ends a test that would never end, and decides nothing.
"""

from hypothesis import settings

HANG_SECONDS = 4 * 3600

settings.register_profile("without_deadlines", deadline=None)
settings.load_profile("without_deadlines")
