"""Text in 80 columns."""

from __future__ import annotations

from rainsmith.base.wrapping import WIDTH, wrapped


def test_lines_are_short_and_stand_below_the_first_word() -> None:
    lines = wrapped("word " * 40, "name   ")
    assert len(lines) > 2 and max(map(len, lines)) <= WIDTH
    assert lines[0].startswith("name   word") and all(line.startswith("       word") for line in lines[1:])
    assert " ".join(" ".join(lines).split()) == "name " + " ".join(["word"] * 40)


def test_an_indent_and_a_width_may_be_given() -> None:
    assert wrapped("one two three", indent=2, width=8) == ["one two", "  three"]
