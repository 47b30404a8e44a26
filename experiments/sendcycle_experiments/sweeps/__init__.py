"""Many runs: designs, the runner, the store of what is finished, manifests."""
