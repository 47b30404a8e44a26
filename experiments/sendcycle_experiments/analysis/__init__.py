"""What runs say: the baseline, comparison of scenarios, sensitivity, surrogates, evidence for a claim."""
