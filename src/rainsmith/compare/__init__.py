"""The command ``compare``: several run folders in one table."""
