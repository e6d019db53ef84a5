"""Streamlit runs this file as the Listening page."""

from core.ui.listening_page import listening_page

listening_page()
