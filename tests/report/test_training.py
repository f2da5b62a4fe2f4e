"""The section on the training: a figure for each score of the log, and a note on epochs."""

from __future__ import annotations

from dataclasses import replace

from rainsmith.plots import training
from rainsmith.report.gather import Material
from rainsmith.report.parts import Gallery
from rainsmith.report.training import score_picture, training_note, training_section
from tests.fake_run import training_log


def test_every_score_of_the_log_has_a_figure(material: Material) -> None:
    (gallery,) = training_section(material).parts
    assert isinstance(gallery, Gallery)
    alts = [picture.alt for picture in gallery.pictures]
    assert alts[:2] == ["Terms of the training loss by epoch", "KL divergence and its weight by epoch"]
    scored = {name for row in material.log for name in row.get("validation", {}).get("prior", {})}
    assert len(alts) == 2 + len(scored)


def test_captions_follow_from_the_aim_of_the_metric(material: Material) -> None:
    assert score_picture(material, "p99").caption == "Prior members should end on the observed value."
    assert score_picture(material, "diversity").caption == "'diversity' of metrics.jsonl.", (
        "no observed value is logged"
    )
    assert score_picture(material, "crps").caption == "The lower the better."
    assert score_picture(material, "crps").alt.startswith("CRPS, error of the ensemble [mm/day]")
    assert score_picture(material, "correlation").alt.startswith("Correlation of prior"), "no metric has that name"


def test_the_note_counts_epochs_time_checkpoints_and_latent_dimensions(material: Material) -> None:
    answer, note = training_note(replace(material, log=training_log(40)))
    assert answer.startswith("40 epochs") and "in 2 minutes" in answer
    assert "'best prior' after epoch 30 and 'best tail' after epoch 22" in note
    assert "12 of 32 latent dimensions" in note
    assert "still rising" not in note and "still rising" in training_note(replace(material, log=training_log(10)))[1]


def test_a_model_without_kl_has_no_figure_of_it(material: Material) -> None:
    rows = [{"epoch": 0, "train": {"loss": 3.0}}, {"epoch": 1, "train": {"loss": 2.0}}]
    (gallery,) = training_section(replace(material, log=rows)).parts
    assert isinstance(gallery, Gallery) and len(gallery.pictures) == 1
    assert training_note(replace(material, log=rows))[0] == "2 epochs."


def test_every_network_of_a_pool_is_counted_and_drawn(material: Material) -> None:
    late = [dict(row) for row in training_log(40)]
    pool = replace(material, log=training_log(30), other_logs=[late])
    answer, note = training_note(pool)
    assert answer.startswith("30 to 40 epochs in each of 2 networks") and "in 4 minutes" in answer
    assert "'best prior' after epoch 30 and 30" in note and "faint ones" in note
    (panel,) = training.score_by_epoch(pool.log, "crps", title="CRPS", others=pool.other_logs).axes
    ends = sorted(int(line.get_xdata()[-1]) for line in panel.lines if len(line.get_xdata()) > 2)
    assert ends == [30, 30, 40, 40]  # both modes of both networks


def test_without_a_log_the_section_names_the_command(material: Material) -> None:
    section = training_section(replace(material, log=[]))
    assert not section.parts and "rainsmith train" in section.missing
