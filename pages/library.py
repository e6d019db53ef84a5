"""Library: the trained models, how well they do, and what they learned from."""

from core.ui.library import library_page

library_page()
