"""Whole pages, for people who were not there.

`Report` puts results of any kind under headings and writes one self-contained HTML file: no script, no
request, readable on a phone, in the dark and on paper. Whatever prints in a notebook can stand in it.
"""

from prodml.reports.report import Report, Section

__all__ = ["Report", "Section"]
