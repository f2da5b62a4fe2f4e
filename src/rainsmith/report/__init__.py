"""The report of a run: one self-contained page.

Each section of the page is one module, which reads a ``Material`` and returns a ``Section`` of tables and pictures.
"""
