"""Times as people say them."""

from __future__ import annotations


def in_time(seconds: float) -> str:
    """A time [s] in words, with one or two digits: 40 seconds, 2.5 minutes, 12 minutes, 3.5 hours, 2.0 days."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} seconds"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} minutes" if seconds >= 600 else f"{seconds / 60:.1f} minutes"
    return f"{seconds / 3600:.1f} hours" if seconds < 36 * 3600 else f"{seconds / 86400:.1f} days"
