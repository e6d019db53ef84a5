"""Streamlit runs this file as the Compare page."""

from core.ui.compare import compare_page

compare_page()
