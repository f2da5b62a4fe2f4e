"""The command line: one class for each command, whose fields are the options."""
