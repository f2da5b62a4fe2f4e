"""A demo climate whose truth is known, and judges that were calibrated on its training days."""

from __future__ import annotations

import pytest
import xarray as xr

from rainsmith.augment.judge import Judge
from rainsmith.base.dims import in_split
from rainsmith.config import Augment
from rainsmith.data.demo.climate import climate
from rainsmith.data.store import build_store
from tests.augment.planted import SIDE
from tests.fake_run import store_of
from tests.small import small_config

CONFIG = small_config(
    data__demo={"ny": 40, "nx": 36, "ny_lr": 7, "nx_lr": 6, "first_year": 2001, "years": 3, "seed": 7}
)


@pytest.fixture(scope="session")
def truth() -> xr.DataArray:
    """A member of the true climate for every day of its record: (time, y, x) [mm/day]."""
    demo = climate(CONFIG.data.demo)
    return demo.truth_ensemble(range(demo.time.size), 1).isel(member=0)


@pytest.fixture(scope="session")
def stores() -> dict[str, xr.Dataset]:
    """The same rain with the coarse rain that made it (``forcing``) and with its own block means (``blocks``)."""
    raw = climate(CONFIG.data.demo).raw()
    return {"forcing": build_store(raw, CONFIG.data), "blocks": store_of(raw.precip, CONFIG, coarsen=SIDE)}


@pytest.fixture(scope="session")
def judges(stores: dict[str, xr.Dataset]) -> dict[str, Judge]:
    """A judge for either store, with all checks."""
    return {name: Judge.from_training_days(in_split(store, "train"), Augment(), 0.1) for name, store in stores.items()}


@pytest.fixture(params=["forcing", "blocks"])
def kind(request: pytest.FixtureRequest) -> str:
    """Either store."""
    return request.param
