"""The command ``augment``: synthetic days are drawn, judged and mixed with real ones."""
