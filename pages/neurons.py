"""Streamlit runs this file as the Neurons page."""

from core.ui.neurons_page import neurons_page

neurons_page()
