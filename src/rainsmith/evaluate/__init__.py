"""The command ``evaluate``: scores, intervals, climate and areas of every forecast, and the criteria."""
