"""The model described: its causal map, its drawing, and the reference pages made from declarations. No run reads it."""
