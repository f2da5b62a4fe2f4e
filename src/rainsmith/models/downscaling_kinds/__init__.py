"""The downscaling networks that a configuration can name: a file each, with its record."""
