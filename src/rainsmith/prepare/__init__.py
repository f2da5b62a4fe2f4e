"""The command ``prepare``: read, check, split and measure the data."""
