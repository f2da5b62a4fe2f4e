"""The exceptions that the command line turns into one line."""


class UserError(Exception):
    """A mistake in the input. The message says in one line what is wrong, what was expected and what to do."""


class Interrupted(Exception):
    """A user has stopped the work. The message says what is saved and how to go on."""
