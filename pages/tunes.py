"""Streamlit runs this file as the Tunes page."""

from core.ui.tunes_page import tunes_page

tunes_page()
