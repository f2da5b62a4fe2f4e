"""Runs tests, commands and the maker of the pages in one process, and writes down what each printed.

python -m tests.docs.commands plan.json result.json
"""

from __future__ import annotations

import contextlib
import io
import json
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

import rainsmith


def executed(arguments: list[str]) -> dict[str, Any]:
    """Exit code and output of one command."""
    from rainsmith.cli.main import main  # after pytest, which has to be first to import what its plugins rewrite

    code: object = 0
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        try:
            main(arguments)
        except SystemExit as stopped:
            code = stopped.code or 0
    return {"code": code, "out": out.getvalue(), "err": " ".join(err.getvalue().split())}


if __name__ == "__main__":
    plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    result: dict[str, Any] = {"package": rainsmith.__file__}
    result["failed_tests"] = int(pytest.main(["-q", "-p", "no:cacheprovider", "-p", "timeout", *plan["tests"]]))
    from rainsmith.report import parts
    from rainsmith.report import stage as report_stage

    report_stage.DAYS = 1
    parts.picture = lambda figure, kind, dpi: b"<svg/>"  # to paint takes most of the time of a small run
    result |= {name: executed(arguments) for name, arguments in plan["commands"].items()}
    result["pages"] = {path.name: text for path, text in runpy.run_path("docs/make_pages.py")["pages"]().items()}
    Path(sys.argv[2]).write_text(json.dumps(result), encoding="utf-8")
