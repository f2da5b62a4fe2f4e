"""The exceptions that the command line turns into one line."""


class UserError(Exception):
    """A mistake in the input: the message says what was found, what was expected and what to do."""


class Interrupted(Exception):
    """Work was asked to stop; the message says what is saved and how to go on."""
