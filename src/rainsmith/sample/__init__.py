"""The command ``sample``."""
