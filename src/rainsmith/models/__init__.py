"""Generative models and downscaling networks, with their records, and the checkpoints that keep trained weights."""
