"""How figures look, and the figure page of a run: colours, units, axes, saving."""
