"""The one exception that stands for a mistake in the input."""


class UserError(Exception):
    """A mistake in the input: the message says what was found, what was expected and what to do."""
