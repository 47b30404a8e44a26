"""What is recorded of a run: observables, breakdowns of each January, results with their manifest."""
