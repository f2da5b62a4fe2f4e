"""What files do not settle: a question on a terminal, else the most likely value and the alternatives in a comment."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rainsmith.base.console import console


@dataclass(frozen=True)
class Choice:
    """One answer.

    Attributes:
        value: what is set.
        meaning: what speaks for it, in words.
    """

    value: str
    meaning: str


@dataclass(frozen=True)
class Question:
    """What somebody has to decide.

    Attributes:
        text: the question, with its question mark.
        choices: the answers, the most likely first.
    """

    text: str
    choices: tuple[Choice, ...]

    @property
    def todo(self) -> str:
        """The question with all its answers, for a comment."""
        listed = "; ".join(f"{choice.value} ({choice.meaning})" for choice in self.choices)
        return f"{self.text} The most likely, the first, is set: {listed}"


Ask = Callable[[Question], int | None]
"""The number of the answer, None where nobody answers."""


def nobody(question: Question) -> None:
    """No answer: for scripts, pipes and tests."""
    return None


def ask_on_terminal(question: Question) -> int | None:
    """Ask on standard error and read a number; an empty line takes the first answer."""
    console.print(f"\n{question.text}", markup=False, soft_wrap=True)
    for number, choice in enumerate(question.choices, 1):
        console.print(f"  {number}. {choice.value}: {choice.meaning}", markup=False, soft_wrap=True)
    while True:
        console.print(f"1 to {len(question.choices)} [1]: ", end="", markup=False)
        try:
            answer = input().strip()
        except EOFError:
            return None
        if answer.isdigit() and 1 <= int(answer) <= len(question.choices):
            return int(answer) - 1
        if not answer:
            return 0


def whom_to_ask() -> Ask:
    """The terminal where somebody sits at it, else nobody."""
    return ask_on_terminal if sys.stdin is not None and sys.stdin.isatty() else nobody


@dataclass(frozen=True)
class Settled:
    """An answer, or what stands for one.

    Attributes:
        number: of the answer that is taken.
        reason: that somebody chose it, "" otherwise.
        todo: what is open, "" where somebody chose.
    """

    number: int
    reason: str = ""
    todo: str = ""


def settle(question: Question, ask: Ask) -> Settled:
    """Ask, and take the most likely answer where nobody gives one."""
    answer = ask(question)
    if answer is None:
        return Settled(0, todo=question.todo)
    return Settled(answer, reason=f"chosen when it was asked: {question.text}")


def ordered(values: Sequence[str], meanings: Sequence[str]) -> tuple[Choice, ...]:
    """Answers from two lists of one length."""
    return tuple(Choice(value, meaning) for value, meaning in zip(values, meanings, strict=True))
