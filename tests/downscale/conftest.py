"""A run folder in which a small downscaler was trained."""

from __future__ import annotations

import pytest

from rainsmith.downscale.stage import downscale
from rainsmith.run_folder import Run
from tests.conftest import copy_of
from tests.downscale.small import tiny


@pytest.fixture(scope="session")
def downscaled(prepared: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run folder after the stage ``downscale``; read only."""
    run = copy_of(prepared, tmp_path_factory.mktemp("downscale"))
    downscale(tiny(), run, netcdf=True)
    return run
