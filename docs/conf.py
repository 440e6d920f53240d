"""How the documentation is built: `nox -s docs`."""

from __future__ import annotations

from importlib.metadata import version as installed

project = "prodml"
author = "the prodml developers"
project_copyright = author
version = release = installed("prodml")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["_build", "changelog.d"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

# Types in docstrings are prose ("mapping of str to float, optional"), so only other references are checked by -n.
nitpick_ignore_regex = [("py:class", ".*"), ("py:obj", r".*\.(Data|RunT)")]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
napoleon_google_docstring = False
napoleon_custom_sections = ["Source"]
napoleon_use_ivar = True
napoleon_use_rtype = False

html_theme = "furo"
html_title = "prodml"
html_static_path = ["_static"]
html_theme_options = {"navigation_with_keys": True}
