"""The generative models that a configuration can name: a file each, with its settings and its record."""
