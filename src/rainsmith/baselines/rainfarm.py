"""RainFARM: coarse rain with random detail that continues its spectrum (Rebora et al. 2006, doi:10.1175/JHM517.1).

The downscaling itself is pysteps' (Pulkkinen et al. 2019, doi:10.5194/gmd-12-4185-2019), an optional extra.
"""

from __future__ import annotations

import contextlib
import io

import numpy as np
import xarray as xr

from rainsmith.base.dims import TIME, day_numbers
from rainsmith.baselines.fields import coarse_rain
from rainsmith.baselines.registry import BASELINES, Baseline, NotApplicable

FEWEST = 4
"""[coarse cells] The fewest rows and columns to which a spectral slope can be fitted."""


def rainfarm(store: xr.Dataset, days: np.ndarray, members: int, seed: int) -> np.ndarray:
    """Members (day, member, cell) [mm/day] at the valid cells; each is a function of (seed, day, member) only.

    Raises:
        NotApplicable: pysteps is not installed, or the coarse rain is not on whole blocks of the fine grid.
    """
    side = int(store.attrs.get("coarsen", 0))
    coarse = coarse_rain(store)
    if not side:
        raise NotApplicable(
            "found coarse rain on another grid; the baseline 'rainfarm' refines whole blocks; leave it out"
        )
    rows, columns = coarse.fields.shape[1:]
    if min(rows, columns) < FEWEST:
        raise NotApplicable(
            f"found {rows} x {columns} coarse cells; a spectral slope needs {FEWEST} each way; leave 'rainfarm' out"
        )
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # pysteps prints where its configuration lies
            from pysteps.downscaling.rainfarm import downscale
    except ImportError:
        raise NotApplicable(
            "found no pysteps; the baseline 'rainfarm' needs it; pip install 'rainsmith[rainfarm]', or leave it out"
        ) from None
    cells = np.flatnonzero(store["mask"].values)
    row, column = np.divmod(cells, store.sizes["x"])
    numbers = day_numbers(store[TIME])
    result = np.empty((len(days), members, len(cells)), dtype=np.float32)
    before = np.random.get_state()  # noqa: NPY002 - pysteps draws from numpy's global generator
    try:
        for place, day in enumerate(days):
            field = coarse.fields[day]
            for member in range(members):
                fine = np.kron(field, np.ones((side, side)))
                if field.std() > 0:  # a uniform field has no spectrum to continue
                    np.random.seed([seed % 2**32, int(numbers[day]), member])  # noqa: NPY002
                    fine = downscale(field, side)
                result[place, member] = fine[row, column]
    finally:
        np.random.set_state(before)  # noqa: NPY002
    return result


BASELINES.add(
    Baseline(
        name="rainfarm",
        order=80,
        title="RainFARM",
        meaning="the coarse rain, with random detail that continues its spectrum",
        needs_coarse_rain=True,
        single_valued=False,
        by_default=False,  # pysteps is an optional extra
        function=rainfarm,
        drawn=True,
    )
)
