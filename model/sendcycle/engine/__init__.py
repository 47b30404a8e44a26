"""What makes rules fast and repeatable: compilation, arrays by reference, keyed random draws."""
