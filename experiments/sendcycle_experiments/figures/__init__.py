"""Figures and tables for papers, made from stored results and never by running the model (`sendcycle figures`)."""
