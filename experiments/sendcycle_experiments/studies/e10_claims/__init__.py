"""e10: the source paper's claims as tests of the model."""
