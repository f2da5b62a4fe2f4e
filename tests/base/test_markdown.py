"""Tables of Markdown."""

from __future__ import annotations

from rainsmith.base.markdown import markdown_table


def test_a_table_has_a_line_for_its_head_a_rule_and_one_for_each_row() -> None:
    table = markdown_table(["score", "value"], iter([["crps", "1.2"], ["bias", "-3"]]))
    assert table == "| score | value |\n|---|---|\n| crps | 1.2 |\n| bias | -3 |"


def test_a_table_without_rows_is_its_head() -> None:
    assert markdown_table(["a", "b", "c"], []) == "| a | b | c |\n|---|---|---|"
