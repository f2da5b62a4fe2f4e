"""The script of a shell offers commands, options and choices, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from rainsmith.cli import main as cli
from rainsmith.cli.commands import COMMANDS
from rainsmith.cli.completion import script_of

ASK = """
source {script}
for words in "inspec" "augment --mode " "inspect --" ""; do
  COMP_WORDS=(rainsmith); for word in $words; do COMP_WORDS+=("$word"); done
  [ "${{words% }}" = "$words" ] && [ -n "$words" ] || COMP_WORDS+=("")
  COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 )); COMPREPLY=(); _tyro_rainsmith
  IFS='|'; echo "${{COMPREPLY[*]}}"; unset IFS
done
"""


def test_bash_completes_commands_options_and_choices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bash = shutil.which("bash")
    if bash is None or shutil.which("python3") is None:
        pytest.skip("found no bash or no python3, which the script calls")
    cli.main(["completion"])
    script = tmp_path / "rainsmith.bash"
    script.write_text(capsys.readouterr().out, encoding="utf-8")
    ask = ASK.format(script=script)
    done = subprocess.run([bash, "-c", ask], capture_output=True, text=True, timeout=60, check=True)
    command, modes, options, commands = (line.split("|") for line in done.stdout.splitlines())
    assert command == ["inspect"] and modes == ["posterior", "prior"]
    assert {"--config", "--run", "--set", "--dry-run"} <= set(options)
    assert all(option.startswith("-") for option in options)
    assert set(COMMANDS) <= set(commands)


def test_zsh_has_a_script_of_its_own() -> None:
    script = script_of("zsh")
    assert script.startswith("#compdef rainsmith") and "'--write-config'" in script and "'None'" not in script
