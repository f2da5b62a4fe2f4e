"""The reference's own files."""
