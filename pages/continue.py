"""Streamlit runs this file as the Continue page."""

from core.ui.continue_page import continue_page

continue_page()
