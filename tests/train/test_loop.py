"""What is shown while a network is trained."""

from __future__ import annotations

from rainsmith.train.loop import WHAT_IS_SHOWN, _note


def test_the_note_fits_beside_the_bar_and_its_words_are_explained() -> None:
    row = {"train": {"loss": 1.96912}, "validation": {"prior": {"max": 174.2}, "observed": {"max": 88.4}}}
    note = _note(row)
    assert note == "loss 1.969, drawn 174, real 88 mm" and len(note) <= 34
    assert _note({"train": {"loss": 26.283}}) == "loss 26.28"
    assert len(WHAT_IS_SHOWN) < 80 and "drawn by a member" in WHAT_IS_SHOWN and "real (observed)" in WHAT_IS_SHOWN
