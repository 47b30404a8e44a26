"""Parameters that agree with published series: the smoother, ensembles, patterns, validation, forecasts."""
