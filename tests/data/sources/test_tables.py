"""CSV files of daily series: separators, dates, missing values, and every refusal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rainsmith.base.errors import UserError
from rainsmith.data.sources.tables import numbers_of, read_table


def table(tmp_path: Path, text: str) -> pd.DataFrame:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8-sig")
    return read_table(path)


@pytest.mark.parametrize(
    "text",
    [
        "date,nao\n2001-01-01,1.5\n2001-01-02,-2\n",
        "# an index\n\nDate;NAO index\n2001/01/01;1,5\n2001/01/02;-2\n",
        "YEAR MM DD nao\n2001 1 1 1.5\n2001 1 2 -2\n",
        "nao\tyyyymmdd\n-2\t20010102\n1.5\t20010101\n",
        'time,"nao"\n2001-01-01T12:00:00Z,"1.5"\n2001-01-02 00:00:00,-2\n',
        'date,nao,\n2001-01-01,"1,5",\n2001-01-02,"-2",\n',
        "date\tnao\n2001-01-01\t1,5\n2001-01-02\t-2\n",
        "date,time,nao\n2001-01-01,06:00,1.5\n2001-01-02,06:00,-2\n",
        "time,nao\n2001-01-01 24:00,1.5\n2001-01-02 24:00:00,-2\n",
        "time,nao\n2000-12-31 23:59:59.9,1.5\n2001-01-02T01:00+09:00,-2\n",
    ],
)
def test_the_same_days_in_many_spellings(tmp_path: Path, text: str) -> None:
    made = table(tmp_path, text)
    assert [str(day)[:10] for day in made.index] == ["2001-01-01", "2001-01-02"]
    np.testing.assert_array_equal(numbers_of(made.iloc[:, 0], tmp_path), [1.5, -2.0])


def test_blanks_and_words_for_missing_are_missing(tmp_path: Path) -> None:
    words = ["", "NaN", "NA", "null", "none", "-"]
    rows = [f"2001-01-{day:02d},{word}" for day, word in enumerate([*words, "4"], 1)]
    made = table(tmp_path, "\n".join(["date,a", *rows]))
    np.testing.assert_array_equal(numbers_of(made["a"], tmp_path), [np.nan] * len(words) + [4.0])


def test_text_is_no_number(tmp_path: Path) -> None:
    assert numbers_of(table(tmp_path, "date,a\n2001-01-01,W\n2001-01-02,NW\n")["a"], tmp_path) is None
    mixed = table(tmp_path, "date,a\n2001-01-01,1\n2001-01-02,M\n")["a"]
    with pytest.raises(UserError, match="'a' holds 'M' on 2001-01-02 among numbers"):
        numbers_of(mixed, tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("date,a\n03/04/2001,1\n", "'03/04/2001' is not read as a date; expected YYYY-MM-DD or YYYYMMDD"),
        ("date,a\n2001-02-30,1\n", "'2001-02-30' is no day of the calendar"),
        ("date,a\n2001112,1\n", "'2001112' is not read as a date"),
        ("station,a\nx,1\n", "no column of dates; its columns are station, a; expected one called 'date'"),
        ("date,time,a\n2001-01-01,0,1\n", r"several columns of dates \(date, time\)"),
        ("date,a\n2001-01-01,1,2\n", "line 2 has 3 columns, the line of names has 2"),
        ("date,a,a\n2001-01-01,1,2\n", "two columns are called 'a'"),
        ("date,a\n", "holds no table"),
        ("date\n2001-01-01\n", "has no column beside its dates"),
        ("Station: x\ndate,a\n2001-01-01,1\n", "line 2 has 1 columns, .* has 2; begin lines above the names with '#'"),
        ("date,a\n2001-01-01,1\nSum,1\n", "line 3: 'Sum' is not read as a date; .*begin other lines with '#'"),
        ("date,a\n,degC\n2001-01-01,1\n", "line 2: the date is blank"),
        ("date,,\n2001-01-01,1,2\n", "two columns have no name"),
        (
            "date;a;b\n2001-01-01;1,5;1.013\n",
            "holds '1,5' and '1.013', so that a comma or a point may be that of thous",
        ),
        ('date,a,b\n2001-01-01,1.5,"1,013"\n', "holds '1,013' and '1.5'"),
        ("date;a\n2001-01-01;1,013\n", "holds '1,013' and the like, whose comma may be that of thousands"),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        table(tmp_path, text)


def test_times_of_day_that_are_dropped_are_said(tmp_path: Path) -> None:
    made = table(tmp_path, "date,a\n2001-01-01T23:00Z,1\n2001-01-02T22:00Z,2\n")
    assert made.attrs["day_rule"] == "the dates of its stamps, whose times of day (22:00, 23:00) are dropped"
    assert [str(day)[:10] for day in made.index] == ["2001-01-01", "2001-01-02"]
    assert table(tmp_path, "date,a\n2001-01-01 00:00,1\n2001-01-02 24:00,2\n").attrs["day_rule"] == ""


def test_three_decimals_are_decimals_where_a_number_shows_it(tmp_path: Path) -> None:
    made = table(tmp_path, "date;a\n2001-01-01;1,013\n2001-01-02;0,125\n")
    np.testing.assert_array_equal(numbers_of(made["a"], tmp_path), [1.013, 0.125])
