"""The command ``sweep``: every saved checkpoint of a training is scored, and all are ranked."""
