"""The command ``train``: the loop, its state, and which weights are kept."""
