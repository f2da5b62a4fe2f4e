"""The embedded rain climate, whose true distribution is known."""
