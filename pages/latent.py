"""Streamlit runs this file as the Latent page."""

from core.ui.latent_page import latent_page

latent_page()
