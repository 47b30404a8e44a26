"""What checks the model and is not loaded by a run: the plain twin, and perturbations of the running model."""
