"""What the pages name exists: files, links, modules, configuration keys, commands and their options."""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path

import pytest

from rainsmith.cli.commands import COMMANDS
from rainsmith.metrics import METRICS

ROOT = Path(__file__).resolve().parents[2]
REFERENCES = {
    *("cli.md", "configuration.md", "damaged-files.md", "data.md", "extending.md", "files.md", "method.md"),
    *("api.md", "records.md"),
}
"""Pages to look things up in; all others can be read through, so they are short."""
MOST_WORDS = 1500
PAGES = sorted(
    {
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "benchmarks" / "results").glob("*.md"),
    }
)
ADDS_FILES = ROOT / "docs" / "extending.md"
"""A page about files that do not exist yet; ``test_extending.py`` executes what it shows."""
FOLDERS = "benchmarks|configs|docs|src|tests"
FILE_ENDINGS = (
    "ckpt",
    "csv",
    "html",
    "json",
    "jsonl",
    "md",
    "nc",
    "npy",
    "png",
    "py",
    "safetensors",
    "sh",
    "yaml",
    "zarr",
)
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
every_page_on_what_exists = pytest.mark.parametrize(
    "page", [page for page in PAGES if page != ADDS_FILES], ids=lambda page: str(page.relative_to(ROOT))
)


def code_of(text: str) -> list[str]:
    """All code of a page: blocks line by line, with continued lines joined, and spans."""
    blocks = re.findall(r"^```[^\n`]*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [*(line.split(" # ")[0] for line in lines), *re.findall(r"`([^`]+)`", prose)]


def keys_of_the_configuration() -> set[str]:
    """Dotted names of all sections and keys, as docs/configuration.md lists them."""
    keys, section = set(), ""
    for line in (ROOT / "docs" / "configuration.md").read_text("utf-8").splitlines():
        if heading := re.match(r"## ([a-z_.]+)", line):
            section = "" if line.startswith("## seed") else heading[1]
            keys.add(section)
        elif row := re.match(r"\| `([a-z_0-9]+)` \|", line):
            keys.add(f"{section}.{row[1]}" if section else row[1])
    return (keys - {""}) | {"model.name"}  # its values stand in the headings of the page


KEYS = keys_of_the_configuration()
SECTIONS = {part for key in KEYS for part in key.split(".")[:-1]}


def missing_paths(text: str) -> list[str]:
    """Paths below the folders of the repository, globs among them, to which no file belongs."""
    named = re.findall(rf"(?<![\w./-])(?:{FOLDERS})/[\w./*-]*\w", text)
    return [path for path in named if not any(ROOT.glob(path))]


def missing_links(text: str, folder: Path) -> list[str]:
    """Targets of links to which no file of the repository belongs, or no heading of the page."""
    missing = []
    prose = re.sub(r"^```.*?^```|`[^`]+`(?!\])", "", text, flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = folder / path if path else None
        if file is not None and not file.exists():
            missing.append(target)
        elif anchor and anchor not in anchors(file.read_text("utf-8") if file else text):
            missing.append(target)
    return missing


def anchors(text: str) -> set[str]:
    """The names that headings of a page have in links."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def missing_keys(text: str) -> list[str]:
    """Dotted words in code that begin with a section of the configuration and are no key of it."""
    dotted = [
        word for code in code_of(text) for word in re.findall(r"(?<![\w./-])[a-z_]+(?:\.[a-z_0-9]+)+(?![\w(/])", code)
    ]
    return [
        key
        for key in dotted
        if key.split(".")[0] in SECTIONS and key.rsplit(".")[-1] not in FILE_ENDINGS and key not in KEYS
    ]


def missing_modules(text: str) -> list[str]:
    """Dotted names below ``rainsmith`` that are no module, and no name in the last module that they pass through."""
    named = re.findall(r"\brainsmith(?:\.\w+)+", text)
    for module, names in re.findall(r"^from (rainsmith[\w.]*) import (.+)$", text, re.MULTILINE):
        named += [f"{module}.{name.strip()}" for name in names.split(",")]
    return [name for name in named if not is_there(name)]


def is_there(dotted: str) -> bool:
    """Whether the source of the package has this module, or this name in its module."""
    place = ROOT / "src"
    parts = dotted.split(".")
    while parts and (place / parts[0]).is_dir():
        place /= parts.pop(0)
    if parts and (place / f"{parts[0]}.py").is_file():
        place /= f"{parts.pop(0)}.py"
    if not parts:
        return True
    module = place if place.is_file() else place / "__init__.py"
    return parts[0] in names_in(module) or (place.name == "metrics" and parts[0] in METRICS)


def names_in(module: Path) -> set[str]:
    """Names that a module defines or imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
    return names


def wrong_commands(text: str) -> list[str]:
    """Commands of rainsmith that there are not, and options that a command or a benchmark does not have."""
    wrong = []
    for code in code_of(text):
        for name, given in re.findall(r"(?<!from )(?<![\w./-])rainsmith ([a-z][\w-]*)([^|;&]*)", code):
            if name not in COMMANDS:
                wrong.append(f"rainsmith {name}")
                continue
            known = {field.name.replace("_", "-") for field in dataclasses.fields(COMMANDS[name])}
            wrong += [f"rainsmith {name} --{option}" for option in options_in(given) if option not in known]
        for script, given in re.findall(r"python (benchmarks/\w+\.py)([^|;&]*)", code):
            source = (ROOT / script).read_text("utf-8") if (ROOT / script).is_file() else ""
            wrong += [f"{script} --{option}" for option in options_in(given) if f'"--{option}"' not in source]
    return wrong


def options_in(command: str) -> list[str]:
    return re.findall(r"(?<![\w-])--([a-z][\w-]*)", command)


@every_page_on_what_exists
def test_paths_exist(page: Path) -> None:
    assert not missing_paths(page.read_text("utf-8"))


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    assert not missing_links(page.read_text("utf-8"), page.parent)


@every_page_on_what_exists
def test_keys_of_the_configuration_exist(page: Path) -> None:
    assert not missing_keys(page.read_text("utf-8"))


@every_page_on_what_exists
def test_modules_and_their_names_exist(page: Path) -> None:
    assert not missing_modules(page.read_text("utf-8"))


@every_page
def test_commands_and_their_options_exist(page: Path) -> None:
    assert not wrong_commands(page.read_text("utf-8"))


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_that_is_no_reference_is_short(page: Path) -> None:
    is_reference = page.parent.name == "docs" and page.name in REFERENCES
    assert is_reference or len(page.read_text("utf-8").split()) <= MOST_WORDS


def on_the_site(page: Path) -> set[Path]:
    """The pages that a page brings to the site: the entries of its tables of contents, and what these bring."""
    pages = {page}
    for block in re.findall(r"^```\{toctree\}\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE):
        for entry in re.findall(r"^(?!:)(?:.*<)?([^<>\n]+?)>?$", block, re.MULTILINE):
            found = {file.resolve() for file in page.parent.glob(f"{entry}.md")}
            assert found, f"{page.name} lists {entry}, which is not there"
            pages |= {below for file in found for below in (on_the_site(file) if file != page else {file})}
    return pages


def test_every_page_is_on_the_site() -> None:
    pages = {*(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks" / "results").glob("*.md")}
    assert pages - on_the_site(ROOT / "docs" / "index.md") == set()


def test_references_exist_and_the_readme_is_short() -> None:
    assert all((ROOT / "docs" / name).is_file() for name in REFERENCES)
    assert len((ROOT / "README.md").read_text("utf-8").split()) < 900


@every_page
def test_no_page_refers_to_a_document_outside_the_repository(page: Path) -> None:
    assert not re.findall(r"\bDESIGN\b", page.read_text("utf-8"))


def test_what_does_not_exist_is_reported() -> None:
    """The checks above pass on a page that names nothing; here they must not."""
    page = """# A page

See `configs/demo.yaml`, `configs/nothing.yaml`, `docs/*.md`, `src/rainsmith/no/*.py`,
[here](#a-page), [there](#another-page), [method](docs/method.md#areas) and [nowhere](docs/nowhere.md).
`train.lr`, `train.speed`, `objective.w_kl`, `model.objective.w_kl`, `sweep.csv`, `rainsmith.metrics.crps`, `rainsmith.metrics.luck`.

```sh
rainsmith sample --members 3 --luck \\
    --netcdf
rainsmith guess
python benchmarks/texture.py --luck
```
"""
    assert missing_paths(page) == ["configs/nothing.yaml", "src/rainsmith/no/*.py", "docs/nowhere.md"]
    assert missing_links(page, ROOT) == ["#another-page", "docs/nowhere.md"]
    assert missing_keys(page) == ["train.speed", "objective.w_kl"]
    assert missing_modules(page) == ["rainsmith.metrics.luck"]
    assert wrong_commands(page) == ["rainsmith sample --luck", "rainsmith guess", "benchmarks/texture.py --luck"]
