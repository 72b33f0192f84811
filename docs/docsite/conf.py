"""Sphinx settings of the site that `make docs` builds from the collection's own documentation.

No intersphinx: the site builds without asking any other one. So references to Ansible's own documentation stay plain text;
references within the collection are checked by antsibull-docs (`make check`).
"""

project = "mycosoft.rack"
copyright = "mycosoft.rack maintainers"  # noqa: A001  (Sphinx's own name for it)
html_title = "mycosoft.rack"
html_short_title = html_title

extensions = ["sphinx_antsibull_ext"]
html_theme = "sphinx_ansible_theme"
pygments_style = "ansible"
highlight_language = "YAML+Jinja"
default_role = "any"
suppress_warnings = ["ref.ref", "toc.no_title"]  # the changelog is empty before the first release
html_use_index = False
html_copy_source = False
