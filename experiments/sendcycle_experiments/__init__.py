"""The experiments: the command line, the baseline run with its figures, and the benchmark."""
