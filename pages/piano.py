"""Streamlit runs this file as the Piano page."""

from core.ui.piano_page import piano_page

piano_page()
