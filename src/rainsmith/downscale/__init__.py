"""The command ``downscale``."""
