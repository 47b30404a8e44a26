"""What holds for all tests: none depends on the speed of the machine."""

from hypothesis import settings

settings.register_profile("without_deadlines", deadline=None)
settings.load_profile("without_deadlines")
