"""Scores of whole fields: is rain where it was observed, do members differ, is the texture right?"""

from __future__ import annotations

import functools

import numpy as np
import scipy.fft
import xarray as xr
from scipy import sparse

from rainsmith.base.dims import TIME
from rainsmith.metrics.core import SERIES, Pairs, Settings
from rainsmith.metrics.pooled import amounts
from rainsmith.metrics.registry import metric

WAVENUMBER = "wavenumber"
_CONSTANT = 1e-9  # relative variance below which a field is constant to rounding


def correlation_terms(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Sum over members of the Pearson correlation with the observation over the cells of each day, and their number."""
    products, sums = pairs.similarity
    cells = np.maximum(pairs.valid.sum(axis=1), 1)[:, None]
    energy = np.einsum("tii->ti", products)
    variance = energy - sums**2 / cells
    varies = variance > _CONSTANT * energy
    covariance = products[:, :-1, -1] - sums[:, :-1] * sums[:, -1:] / cells
    defined = varies[:, :-1] & varies[:, -1:]
    scale = np.sqrt(np.where(defined, variance[:, :-1] * variance[:, -1:], 1.0))
    return xr.Dataset(
        {
            "correlation": (TIME, np.where(defined, covariance / scale, 0).sum(axis=1)),
            "correlations": (TIME, defined.sum(axis=1)),
        }
    )


def diversity_terms(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Mean of 1 - cosine similarity over the pairs of members that both hold rain, and whether the day has a pair."""
    products, _ = pairs.similarity
    first, second = np.triu_indices(pairs.members, k=1)
    energy = np.einsum("tii->ti", products)
    scale = np.sqrt(energy[:, first] * energy[:, second])
    defined = scale > 0
    distance = 1 - products[:, first, second] / np.where(defined, scale, 1.0)
    count = defined.sum(axis=1)
    total = np.where(defined, distance, 0.0).sum(axis=1)
    return xr.Dataset(
        {
            "diversity": (TIME, total / np.maximum(count, 1)),
            "diversity_days": (TIME, (count > 0).astype(np.int64)),
        }
    )


def distance_terms(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Mean Euclidean distance of two members each day, and mean distance of a member from the observation."""
    products, _ = pairs.similarity
    energy = np.einsum("tii->ti", products)
    distance = np.sqrt(np.maximum(energy[:, :, None] + energy[:, None, :] - 2 * products, 0))
    first, second = np.triu_indices(pairs.members, k=1)
    return xr.Dataset(
        {
            "member_distance": (TIME, distance[:, first, second].sum(axis=1) / max(len(first), 1)),
            "observation_distance": (TIME, distance[:, :-1, -1].mean(axis=1)),
        }
    )


def deviation_terms(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Standard deviation of each field over the valid cells of a day, and the sum of squares from which it is made."""
    products, sums = pairs.similarity
    cells = np.maximum(pairs.valid.sum(axis=1), 1)[:, None]
    energy = np.einsum("tii->ti", products)
    squares = energy - sums**2 / cells
    squares = np.where(squares > _CONSTANT * energy, squares, 0.0)
    return xr.Dataset(
        {
            "deviation": ((TIME, SERIES), np.sqrt(squares / cells)),
            "squared_deviation": ((TIME, SERIES), squares),
        }
    )


def spectrum_terms(pairs: Pairs, settings: Settings) -> xr.Dataset:
    """Radially averaged power (time, series, wavenumber) [(mm/day)^2].

    Invalid cells are 0 in every series. The power of all wavenumbers of the plane adds up to the mean square. Shell k
    holds the wavenumbers within half a step of k / max(ny, nx) cycles per cell; the last one is the Nyquist wavenumber.
    """
    days, series, _ = pairs.fields.shape
    rows, columns = pairs.grid
    grid = np.zeros((days, series, rows * columns), dtype=np.float32)
    grid[:, :, pairs.cells] = pairs.fields
    amplitude = scipy.fft.rfft2(grid.reshape(days, series, rows, columns), norm="forward")
    power = amplitude.real**2 + amplitude.imag**2
    shells, wavenumber = _shells(rows, columns)
    radial = (shells @ power.reshape(days * series, -1).T).T.reshape(days, series, -1)
    return xr.Dataset({"power": ((TIME, SERIES, WAVENUMBER), radial)}, coords={WAVENUMBER: wavenumber})


@functools.cache
def _shells(rows: int, columns: int) -> tuple[sparse.csr_array, np.ndarray]:
    """Weights (shell, half plane) of the mean over a shell, and the shells' wavenumbers [cycles per cell]."""
    longest = max(rows, columns)
    across, along = np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None, :]
    shell = np.round(np.hypot(across, along) * longest).astype(int)
    twice = np.where((along == 0) | (np.isclose(along, 0.5)), 1.0, 2.0)  # the other half plane is its mirror image
    number = np.arange(1, longest // 2 + 1)
    place = np.flatnonzero((shell > 0) & (shell <= longest // 2))
    row, weight = shell.flat[place] - 1, np.broadcast_to(twice, shell.shape).flat[place]
    weight = weight / np.bincount(row, weight)[row]
    return sparse.csr_array((weight, (row, place)), shape=(len(number), shell.size)), number / longest


@metric(
    amounts,
    deviation_terms,
    units="mm/day",
    perfect=None,
    beside=True,
    order=100,
    title="Standard deviation over the cells of a day",
)
def spatial_std(sums: xr.Dataset) -> xr.DataArray:
    """Standard deviation over the valid cells of a day (ddof 0), mean over days; it is small where members blur."""
    return sums["deviation"] / sums["days"]


@metric(correlation_terms, units="1", perfect=1.0, order=240, title="Correlation with the observed map", aim="high")
def spatial_correlation(sums: xr.Dataset) -> xr.DataArray:
    """Pearson correlation over cells of each day and member, averaged; fields without variation are left out."""
    return (sums["correlation"] / sums["correlations"]).where(sums["correlations"] > 0)


@metric(diversity_terms, units="1", perfect=None, spread=True, order=290, title="Diversity of the members")
def diversity(sums: xr.Dataset) -> xr.DataArray:
    """1 - cosine similarity of two members, mean over pairs, then over days; pairs with a dry member are left out."""
    return (sums["diversity"] / sums["diversity_days"]).where(sums["diversity_days"] > 0)


@metric(
    distance_terms,
    units="1",
    perfect=1.0,
    spread=True,
    modes=("prior",),
    order=300,
    title="Distance between members over distance to observed",
    aim="one",
)
def diversity_ratio(sums: xr.Dataset) -> xr.DataArray:
    """Mean distance of two members over that of member and observation: 1 where the observation could be a member."""
    return (sums["member_distance"] / sums["observation_distance"]).where(sums["observation_distance"] > 0)


@metric(amounts, distance_terms, units="mm/day", perfect=0.0, order=310, title="Energy score of whole maps", aim="low")
def energy_score(sums: xr.Dataset) -> xr.DataArray:
    """Fair energy score of whole fields, as a root mean square over cells [mm/day].

    (mean_k ||x_k - y|| - sum_{k<l} ||x_k - x_l|| / (K (K - 1))) / sqrt(cells), averaged over days. The score of one
    member alone is its distance from the observation.

    References:
        Gneiting and Raftery (2007), doi:10.1198/016214506000001437, section 4.3.
    """
    distance = sums["observation_distance"] - sums["member_distance"] / 2
    return distance / sums["days"] / (sums["cells"] / sums["days"]) ** 0.5


@metric(spectrum_terms, units="1", perfect=0.0, order=340, title="Error of the spectrum (RALSD)", aim="low")
def ralsd(sums: xr.Dataset) -> xr.DataArray:
    """Root mean square over wavenumbers of log10(power of members / observed power).

    Spectra are averaged over days and members first.

    References:
        Harris et al. (2022), doi:10.1029/2022MS003120 (radially averaged log spectral distance, there in dB).
    """
    power = sums["power"]
    observed = power.isel({SERIES: -1})
    members = power.isel({SERIES: slice(None, -1)}).mean(SERIES)
    with np.errstate(divide="ignore"):
        distance: xr.DataArray = xr.apply_ufunc(np.log10, (members / observed).where(observed > 0))
    squared: xr.DataArray = distance**2
    return squared.mean(WAVENUMBER) ** 0.5
