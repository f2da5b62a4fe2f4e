"""A look at prepared data before any training, on the terminal and as one page.

Modules measure the store (``rain``, ``days``, ``sources``, ``explained``), ``remarks`` says what to look at first, and
``text`` and ``page`` write what was measured.
"""
