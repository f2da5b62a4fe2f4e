"""Records of models and networks: whole, light, and the configuration made from them."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
import xarray as xr

from rainsmith.base.errors import UserError
from rainsmith.config import Config, Downscale, load_config, parse
from rainsmith.diagnose.registry import DIAGNOSES
from rainsmith.models.generative import GenerativeModel, build_model
from rainsmith.models.geometry import Geometry
from rainsmith.models.registry import MODELS, NETWORKS, ModelKind, NetworkKind
from rainsmith.run_folder import Run
from tests.small import small_config

EACH_MODEL = pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.name)
EACH_NETWORK = pytest.mark.parametrize("kind", NETWORKS, ids=lambda kind: kind.name)


@pytest.fixture(scope="module")
def domain(prepared: Run) -> xr.Dataset:
    return prepared.open_store().drop_dims("time").load()


def test_the_default_model_comes_first() -> None:
    assert MODELS.names() == ("hierarchical", "flat")
    assert load_config().model.name == MODELS.names()[0]


@pytest.mark.parametrize("kind", [*MODELS, *NETWORKS], ids=lambda kind: kind.name)
def test_a_record_says_what_the_thing_is(kind: ModelKind | NetworkKind) -> None:
    assert kind.title and kind.meaning.endswith(".") and "\n" not in kind.meaning


@EACH_MODEL
def test_settings_come_back_from_a_configuration_file(kind: ModelKind) -> None:
    config = load_config(overrides={"model.name": kind.name})
    assert type(config.model) is kind.settings and config.model.name == kind.name
    assert parse(config.model_dump(mode="json", by_alias=True)) == config
    assert Config.model_validate(config.model_dump()) == config


@EACH_MODEL
def test_settings_say_the_weight_of_the_kl_divergence_and_a_summary(kind: ModelKind) -> None:
    settings = kind.settings()
    assert settings.kl is not None and settings.kl.weight > 0 and settings.kl.warmup_epochs >= 0
    assert settings.summary.startswith(kind.name) and "\n" not in settings.summary


@EACH_MODEL
def test_advice_is_for_diagnoses_that_there_are(kind: ModelKind) -> None:
    assert set(kind.advice) <= set(DIAGNOSES.names())
    assert all(text.endswith(".") for text in kind.advice.values())


@EACH_MODEL
def test_a_model_is_built_from_a_store_and_keeps_the_protocol(kind: ModelKind, domain: xr.Dataset) -> None:
    small = {"channels": [8] * 5, "latent_channels": [1] * 5} if kind.name == "hierarchical" else {"base_filters": 8}
    config = small_config(model={"name": kind.name, **small})
    model = build_model(config, domain).eval()
    assert isinstance(model, GenerativeModel)
    x = torch.from_numpy(domain["predictor_mean"].values).float()[None, :, None, None].expand(2, -1, 5, 4)
    noise = [torch.randn(2, 3, *shape) for shape in model.latent_shapes]
    drawn = model.draw(x, noise)
    assert drawn.shape == (2, 3, 20, 18) and (drawn >= 0).all()
    valid = torch.from_numpy(domain["mask"].values).expand(2, -1, -1)
    terms, kl = model.train()(x, torch.rand(2, 20, 18) * valid, valid, 0.5)
    assert terms["loss"].requires_grad and kl.ndim == 1 and not kl.requires_grad
    assert len(kl) == sum(shape[0] for shape in model.latent_shapes)


def test_an_unknown_model_is_refused_with_the_names_of_the_others() -> None:
    with pytest.raises(UserError, match="no model 'gan'; expected one of hierarchical, flat"):
        load_config(overrides={"model.name": "gan"})


@EACH_NETWORK
def test_a_network_has_a_value_of_its_head_for_every_cell(kind: NetworkKind, domain: xr.Dataset) -> None:
    settings = Downscale(network=kind.name, filters=8, blocks=1, fine_filters=6)
    geometry, head = Geometry.from_domain(domain), kind.head(domain, settings, 0.1)
    trunk = kind.trunk(domain.sizes["channel"], head.channels, geometry, settings)
    with torch.no_grad():
        values = trunk(torch.randn(2, domain.sizes["channel"], *geometry.coarse))
    assert values.shape == (2, head.channels, int(geometry.mask.sum()))
    assert trunk.to_cells.last.bias.shape == (head.channels,)
    assert (head.amounts(values)[1] is not None) == kind.forecasts_quantiles


@EACH_NETWORK
def test_a_network_is_refused_without_the_quantiles_that_it_needs(kind: NetworkKind) -> None:
    levels = [0.2, 0.9]
    if not kind.needs_quantiles:
        assert Downscale(network=kind.name, quantiles=levels).quantiles == levels
        return
    assert kind.forecasts_quantiles
    with pytest.raises(UserError, match="quantiles"):
        load_config(overrides={"downscale.network": kind.name, "downscale.quantiles": levels})


def test_records_are_read_without_torch() -> None:
    """A command that needs no network starts at once."""
    code = "import sys; from rainsmith.models.registry import *; list(MODELS), list(NETWORKS); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
