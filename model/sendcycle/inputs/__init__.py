"""What a run is given: parameters, reforms, drivers from outside, and the published data beside it."""
