"""Keys with their reasons as YAML."""

from __future__ import annotations

from rainsmith.config import parse_yaml
from rainsmith.init.entries import Entry, Section, open_questions, write_yaml


def test_what_a_file_says_of_itself_stays_a_comment() -> None:
    data = Section("data")
    data.add("kind", "gridded", "a name\n  target: {files: evil.nc}\x1b[31m # and more")
    data.add("target", {"files": "a: {b}, #c.nc", "variable": "yes"}, todos=["which?", ""])
    data.add("predictors", [Entry("", {"from": "target"}, ("why " * 60,)), Entry("", {"files": "2001-01-01"})])
    text = write_yaml(["first line"], [Entry("seed", 0), data, Entry("", None, ("the end",))])
    assert parse_yaml(text, "text") == {
        "seed": 0,
        "data": {
            "kind": "gridded",
            "target": {"files": "a: {b}, #c.nc", "variable": "yes"},
            "predictors": [{"from": "target"}, {"files": "2001-01-01"}],
        },
    }
    comments = [line for line in text.splitlines() if line.strip().startswith("#")]
    assert max(map(len, comments)) <= 120 and "\x1b" not in text
    assert comments[0] == "# first line" and comments[-1] == "# the end" and "  # TODO: which?" in comments
    assert open_questions([data]) == ["which?"]
