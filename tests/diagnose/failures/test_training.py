"""Logs of trainings: a healthy one passes, each planted failure is named."""

from __future__ import annotations

from typing import Any

from rainsmith.config import parse
from rainsmith.diagnose.evidence import Evidence, Training
from tests.diagnose import evidence


def log(epochs: int = 20, rows: int | None = None) -> list[dict[str, Any]]:
    """A training whose score falls and comes to rest."""
    made = []
    for epoch in range(epochs if rows is None else rows):
        score = 0.2 + 0.3 * 0.5**epoch
        validation = {"prior": {"tail_score": score}, "kl_per_dimension": [40.0, 8.0, 0.1], "best": ["prior"]}
        made.append({"epoch": epoch, "train": {"rec": 0.3 + 0.5 * 0.7**epoch}, "validation": validation})
    return made


SIZES = [40, 40, 80]


NAMES = ("unfinished-training", "unstable-training", "worse-checkpoint", "posterior-collapse", "kl-explosion")


def verdicts(rows: list[dict[str, Any]], taken: int = 19, epochs: int = 20, sizes: list[int] = SIZES) -> dict[str, str]:
    return evidence.verdicts(NAMES, evidence_of_log(rows, taken, epochs, sizes))


def evidence_of_log(rows: list[dict[str, Any]], taken: int, epochs: int = 20, sizes: list[int] = SIZES) -> Evidence:
    return evidence.evidence_of(
        trainings=[Training(rows, taken)],
        epochs_planned=epochs,
        latent_sizes=sizes,
    )


def test_a_healthy_training_passes() -> None:
    assert set(verdicts(log()).values()) == {"pass"}


def test_a_training_that_was_cut_off_or_was_still_falling() -> None:
    assert verdicts(log(rows=5), taken=4)["unfinished-training"] == "fail"
    steep = log()
    for row in steep:
        row["validation"]["prior"]["tail_score"] = 1.0 - 0.04 * row["epoch"]
    assert verdicts(steep)["unfinished-training"] == "fail"


def test_a_jump_of_the_error_and_one_that_is_not_finite() -> None:
    jumpy, broken = log(), log()
    jumpy[12]["train"]["rec"] = 3.0
    broken[12]["train"]["rec"] = float("nan")
    assert verdicts(jumpy)["unstable-training"] == "fail"
    assert verdicts(broken)["unstable-training"] == "fail"


def test_an_early_checkpoint_is_worse_than_the_best() -> None:
    assert verdicts(log(), taken=1)["worse-checkpoint"] == "fail"
    finding = evidence.ask("worse-checkpoint", evidence_of_log(log(), taken=1))
    assert "best epoch 20" in finding.advice and finding.note == "in use: epoch 2"


def test_a_kept_epoch_that_is_worse_by_chance_alone_is_no_worse_checkpoint() -> None:
    rows = log()
    rows[-1]["validation"]["prior"]["tail_score"] *= 1.05  # kept, since it is not worse than the lowest beyond chance
    assert verdicts(rows)["worse-checkpoint"] == "pass"
    rows[-1]["validation"]["best"] = []
    assert verdicts(rows)["worse-checkpoint"] == "fail"


def test_latents_that_carry_nothing_or_too_much() -> None:
    asleep, loud = log(), log()
    asleep[-1]["validation"]["kl_per_dimension"] = [1e-3, 1e-3, 1e-3]
    loud[-1]["validation"]["kl_per_dimension"] = [4000.0, 8.0, 0.1]
    assert verdicts(asleep)["posterior-collapse"] == "fail" and verdicts(asleep)["kl-explosion"] == "pass"
    assert verdicts(loud)["kl-explosion"] == "fail" and verdicts(loud)["posterior-collapse"] == "pass"


def test_the_latents_of_the_checkpoint_in_use_count() -> None:
    late = log()
    late[-1]["validation"]["kl_per_dimension"] = [4000.0, 8.0, 0.1]
    assert verdicts(late, taken=10)["kl-explosion"] == "pass"


def test_a_log_without_a_kl_gives_no_verdict_on_latents() -> None:
    rows = log()
    for row in rows:
        del row["validation"]["kl_per_dimension"]
    by_name = verdicts(rows)
    assert by_name["posterior-collapse"] == by_name["kl-explosion"] == "n/a" and by_name["worse-checkpoint"] == "pass"


def test_a_log_that_is_missing_gives_no_verdict() -> None:
    by_name = verdicts([], taken=0)
    assert by_name.pop("unfinished-training") == "fail"
    assert set(by_name.values()) == {"n/a"}


def test_the_worst_network_of_a_pool_decides() -> None:
    jumpy = log()
    jumpy[12]["train"]["rec"] = 3.0
    pool = evidence.evidence_of(
        trainings=[Training(log(), 19), Training(jumpy, 19), Training(log(rows=5), 4)],
        epochs_planned=20,
        latent_sizes=SIZES,
    )
    found = {name: evidence.ask(name, pool) for name in NAMES}
    assert found["unstable-training"].verdict == "fail" and found["unfinished-training"].verdict == "fail"
    assert found["unfinished-training"].note == "the worst of 3 networks"
    assert found["worse-checkpoint"].verdict == "pass" and "epoch 20, 5" in found["worse-checkpoint"].note


def test_a_training_that_minutes_cut_off_is_given_more_of_them() -> None:
    short = evidence.evidence_of(
        trainings=[Training(log(rows=5), 4)],
        epochs_planned=20,
        settled_config=parse({"train": {"max_minutes": 10}}),
    )
    assert evidence.ask("unfinished-training", short).change == {"train.max_minutes": 44.0}
    steep = log()
    for row in steep:
        row["validation"]["prior"]["tail_score"] = 1.0 - 0.04 * row["epoch"]
    falling = evidence.evidence_of(
        trainings=[Training(steep, 19)], epochs_planned=20, settled_config=parse({"train": {"epochs": 20}})
    )
    assert evidence.ask("unfinished-training", falling).change == {"train.epochs": 40}
    healthy = evidence.evidence_of(trainings=[Training(log(), 19)], epochs_planned=20)
    assert evidence.ask("unfinished-training", healthy).change == {}
