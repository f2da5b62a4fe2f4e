"""The command ``init``: look into files, and write a configuration that says why each key is what it is."""
