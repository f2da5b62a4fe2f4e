"""Checks of input data: values that are refused, mended or counted before they are used."""

from rainsmith.data.checks.registry import INPUT_CHECKS, CheckLog, InputCheck, Outcome, check_input

__all__ = ["INPUT_CHECKS", "CheckLog", "InputCheck", "Outcome", "check_input"]
