"""How Sphinx builds the site of these pages: ``make docs`` writes it to build/docs, and stops at any warning."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from rainsmith import __version__

ROOT = Path(__file__).resolve().parents[1]
TUTORIALS = ROOT / "docs" / "tutorials"
ON_THE_SITE = {"docs", "benchmarks", "CHANGELOG.md", "CONTRIBUTING.md"}

project = "rainsmith"
author = "The rainsmith developers"
release = version = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
# The sources are those of the whole repository, so that a link between two of its pages is the same in both places.
root_doc = "docs/index"
exclude_patterns = sorted({"build", *(path.name for path in ROOT.iterdir())} - ON_THE_SITE)
html_extra_path = ["front"]  # an index.html that leads to root_doc

html_theme = "furo"
html_title = f"rainsmith {version}"
html_show_copyright = False

myst_heading_anchors = 4  # links to headings, as GitHub makes them
# Tutorials are executed, each in a folder of its own, where they find the module that writes their files.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(TUTORIALS), os.environ.get("PYTHONPATH")]))
PROFILE = Path(tempfile.mkdtemp(prefix="rainsmith-docs-")) / "profile_default"
atexit.register(shutil.rmtree, PROFILE.parent, ignore_errors=True)
PROFILE.mkdir()
(PROFILE / "ipython_kernel_config.py").write_text("c.IPKernelApp.log_level = 40\n", encoding="utf-8")  # errors only
os.environ["IPYTHONDIR"] = str(PROFILE.parent)
os.environ.pop("RAINSMITH_DATA", None)  # the tutorials name the root of their files
nb_execution_timeout = 600
nb_merge_streams = True

autodoc_typehints = "description"
autodoc_member_order = "bysource"
