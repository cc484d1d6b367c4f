"""The documentation site: Sphinx reads the Markdown of this repository where it lies.

The source folder is the root of the repository, not docs/, so that a link such as `../benchmarks/soc.md` or
`../CONTRIBUTING.md` is the same link on GitHub and on the site. `make docs` builds it; warnings are errors.
"""

import sys
from pathlib import Path

from rvosbench import __version__

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "rvosbench"
author = "The rvosbench authors"
copyright = "The rvosbench authors, Apache-2.0"
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "cli_help",
    "fenced_docstrings",
    "protocol_pages",
    "public_names",
]

# What is a page. Everything else in the repository is passed over, and not even looked into.
root_doc = "docs/index"
include_patterns = ["docs/**.md", "benchmarks/*.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
exclude_patterns = [".*", "build", "dist", "runs", "rvosbench", "rvosbench.egg-info", "tests", "docs/_*"]
exclude_patterns += ["**/__pycache__"]

myst_enable_extensions = ["alert", "colon_fence"]
myst_heading_anchors = 4  # the anchors that GitHub gives headings
myst_links_external_new_tab = False

napoleon_numpy_docstring = False
napoleon_preprocess_types = False
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
add_module_names = False

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"

default_role = "py:obj"  # `name` in a docstring is code, and a link where it names something public

html_theme = "pydata_sphinx_theme"
html_title = "rvosbench"
html_logo = html_favicon = "_static/mark.svg"
html_static_path = ["_static"]
html_css_files = ["rvosbench.css"]
html_additional_pages = {"index": "front_door.html"}  # the site's root: sends to docs/index.html
templates_path = ["_templates"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "rvosbench"},
    "navbar_align": "left",
    "navbar_persistent": ["search-button"],
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"docs/index": []}
pygments_style = "a11y-high-contrast-light"
