"""e05: whether the order of reform matters, and how much beside the choice of reforms."""
