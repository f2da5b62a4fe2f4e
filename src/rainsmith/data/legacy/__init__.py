"""Files in the layout of the reference cVAE (docs/legacy.md)."""
