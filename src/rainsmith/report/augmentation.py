"""What synthetic days did to downscalers, for the page: sentences, the picture, and a table a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rainsmith.experiment.compared_scores import title_of
from rainsmith.experiment.summary import Outcome, arm_tables
from rainsmith.experiment.text import digits, sentences
from rainsmith.plots.experiment import differences
from rainsmith.report.gather import Material
from rainsmith.report.pictures import Picture, embed
from rainsmith.report.tables import DAY_WORDS

CAPTION = (
    "Share of the control's loss that an arm saves (for CSI and SEDI, which are mapped scores here, of the distance to "
    "1), over all days, with 90 % intervals over weeks and seeds where there are several. Right of the line the arm is "
    "better. Black: significantly better than every control, in every seed; orange: significantly worse."
)


@dataclass(frozen=True)
class ArmRow:
    """A score and what every arm has in it, as text."""

    title: str
    cells: Sequence[tuple[str, Outcome]]


@dataclass(frozen=True)
class NetworkTable:
    """All arms of a network on one set of days."""

    title: str
    note: str
    arms: Sequence[str]
    rows: Sequence[ArmRow]


def experiment_sentences(material: Material) -> list[str]:
    """One sentence an arm; none where there was no experiment."""
    return sentences(material.gains) if len(material.trials) else []


def experiment_pictures(material: Material) -> list[Picture]:
    """The gains of all arms; none where nothing was compared."""
    figure = differences(material.gains) if len(material.gains) else None
    if figure is None or not figure.axes:
        return []
    return [embed(figure, "Gains of every arm over the better control", CAPTION)]


def experiment_tables(material: Material) -> list[NetworkTable]:
    """A table a network on all days, then on ``heavy_x`` days."""
    if material.trials.empty:
        return []
    split = str(material.trials["split"].iloc[0])
    found = []
    for days in material.trials["days"].unique():
        for table in arm_tables(material.trials, material.gains, days):
            rows = [ArmRow(title_of(s), [(digits(c.value), c.outcome) for c in cells]) for s, cells in table.rows]
            note = f"{table.seeds} seed{'s' if table.seeds > 1 else ''}, {split} days"
            found.append(NetworkTable(f"{table.network}, {DAY_WORDS[days].lower()}", note, table.arms, rows))
    return found
