"""The command ``diagnose``: a generative model is asked for each known failure whether it has it.

One failure is one record in a module of ``failures/``, which is grouped by where a failure shows.
"""
