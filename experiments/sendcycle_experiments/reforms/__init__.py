"""The reform library, named scenarios and scenario files, and what programmes cost."""
