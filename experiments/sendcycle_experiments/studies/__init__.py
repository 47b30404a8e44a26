"""The studies of the project, numbered as in the documents."""
