"""What the browser's address bar shows."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st

from core.ui.components.mount import read

_component = st.components.v2.component("tunesmith_address_bar", html="<span hidden></span>", js=read("address_bar.js"))


def address_bar(query: Mapping[str, str], key: str = "address") -> None:
    """Shows ``query`` in the address bar, in the place of what is there.

    ``st.query_params`` would add an entry to the browser's history at each change, and Back would never lead out.
    """
    _component(key=key, data={"query": urlencode(query)})
