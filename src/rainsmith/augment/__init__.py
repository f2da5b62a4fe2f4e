"""The command ``augment``."""
