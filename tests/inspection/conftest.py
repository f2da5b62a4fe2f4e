"""One inspection that many tests read."""

from __future__ import annotations

import pytest

from rainsmith.inspection.result import Inspection
from tests.inspection.made import inspected


@pytest.fixture(scope="session")
def found(tmp_path_factory: pytest.TempPathFactory) -> Inspection:
    """An inspection of 730 days of made-up rain; read only."""
    return inspected(tmp_path_factory.mktemp("inspected"))
