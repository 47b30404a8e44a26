"""The figures of papers with captions and tables, drawn from stored results; a file a subject, one registry."""
