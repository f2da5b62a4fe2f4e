"""What a diagnosis will take, before anything is trained."""

from __future__ import annotations

from rainsmith.diagnose.estimate import needs
from rainsmith.run_folder import Run
from tests.small import small_config


def test_before_the_training_a_network_at_random_stands_in(prepared: Run) -> None:
    before = sorted(prepared.folder.rglob("*"))
    needed = needs(small_config(), prepared)
    assert needed.of == "605 days" and needed.seconds > 0.05 and needed.memory > 2**26 and needed.disk == 0
    assert sorted(prepared.folder.rglob("*")) == before
