"""The section on what synthetic days did to downscalers: sentences, the pictures, and a table a network."""

from __future__ import annotations

from rainsmith.experiment.compared_scores import in_picture, title_of
from rainsmith.experiment.ratios import gains_by_ratio
from rainsmith.experiment.summary import arm_tables, arm_verdicts
from rainsmith.experiment.text import sentences
from rainsmith.plots.experiment import differences, gains_over_ratios
from rainsmith.report.gather import Material
from rainsmith.report.parts import Cell, Column, Gallery, Part, Row, Section, Table, embed
from rainsmith.report.words import DAY_WORDS, number

CAPTION = (
    "Share of the control's loss that an arm saves, over all days, with 90 % intervals over weeks and seeds. Right of "
    "the line the arm is better. Black: significantly better than every control, in every seed; orange: worse."
)
OF_RATIOS = (
    "The same share by the number of synthetic days, in the score above each panel, with 90 % intervals. Few days "
    "change little, and too many outweigh the real ones. Full dots: significantly different from every control."
)


def experiment_section(material: Material) -> Section | None:
    """The experiment on the page; None where there was none."""
    if not (len(material.trials.columns) or len(material.gains.columns)):
        return None
    note = [
        "Are downscalers better for synthetic days of this model? The same networks, steps and seeds on other training "
        "days. An arm counts against the better of its controls: the real days, and the real days with the heavy ones "
        "drawn more often. Gains are shares of the control's loss; for CSI and SEDI, of its distance to 1.",
        "Means over the seeds; a dash where a seed has no value. Bold black: significantly better than every control; "
        "orange: significantly worse. Mapped: after one monotone function, fitted on validation days, that makes the "
        "frequency bias 1, so that hits are not bought with false alarms.",
    ]
    if material.trials.empty or not len(material.gains.columns):
        missing = "The tables of the experiment are incomplete: 'rainsmith experiment' writes them."
        return Section("experiment", "Experiment", missing=missing)
    parts: list[Part] = []
    if len(material.gains):
        figure = differences(material.gains, in_picture(material.gains["score"].unique()))
        if figure.axes:
            parts.append(Gallery([embed(figure, "Gains of every arm over the better control", CAPTION)], "whole"))
        by_ratio = gains_by_ratio(material.gains)
        if len(by_ratio):
            curves = gains_over_ratios(by_ratio)
            parts.append(Gallery([embed(curves, "Gains by the number of synthetic days", OF_RATIOS)], "whole"))
    parts += network_tables(material)
    said = sentences(material.gains)
    better = sum(1 for verdict in arm_verdicts(material.gains) if verdict.better and not verdict.worse)
    answer = f"{better} of {len(said)} arms are significantly better than their controls and in no score worse."
    return Section("experiment", "Experiment", note, parts, said, answer=answer)


def network_tables(material: Material) -> list[Table]:
    """A table a network and set of days; only the first is open."""
    split = str(material.trials["split"].iloc[0])
    tables: list[Table] = []
    for days in material.trials["days"].unique():
        for arms in arm_tables(material.trials, material.gains, days):
            rows = [
                Row(title_of(score), [Cell(number(cell.value), mark=cell.outcome) for cell in cells])
                for score, cells in arms.rows
            ]
            seeds = f"{arms.seeds} seed{'s' if arms.seeds > 1 else ''}"
            title = f"{arms.network}, {DAY_WORDS[days].lower()}, {seeds}, {split} days"
            columns = [Column(arm) for arm in arms.arms]
            tables.append(Table(title, "Score", columns, rows, foldable=True, shown=not tables))
    return tables
