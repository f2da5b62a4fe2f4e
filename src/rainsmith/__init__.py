"""rainsmith: realistic days of extreme rain at high resolution, from a conditional VAE."""

__version__ = "0.1.0"
