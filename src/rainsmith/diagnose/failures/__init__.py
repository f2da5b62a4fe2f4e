"""The known failures, one record each, grouped by where they show; a new module here is found without being listed."""
