"""Compose: give a rhythm, get a melody."""

from core.ui.compose import compose_page

compose_page()
