"""Clapping into the live microphone, by WebRTC.

On one's own machine the connection needs no server besides the app. Where the app is deployed behind firewalls, name
STUN or TURN servers as JSON in the environment variable ``TUNESMITH_ICE_SERVERS``, or in Streamlit's secrets under the
same name::

    TUNESMITH_ICE_SERVERS='[{"urls": "turn:turn.example.org:3478", "username": "app", "credential": "secret"}]'

The first 0.4 to 1.3 seconds of a live stream are lost, and when it began is unknown: hence the count-in, which runs on
the clock of the sound itself and not on that of the screen.
"""

from __future__ import annotations

import json
import math
import os
import time
from typing import TYPE_CHECKING

import streamlit as st
from streamlit import runtime
from streamlit.errors import StreamlitSecretNotFoundError

from core.errors import InputError
from core.ui.clap_take import Take, edit_take, last_sensitivity
from core.ui.components.live_line import State, live_line
from core.ui.components.microphone_notice import microphone_notice
from core.ui.desk import Desk
from core.ui.live_take import MAX_SEC, LiveTake

if TYPE_CHECKING:
    from streamlit_webrtc import WebRtcStreamerState
    from streamlit_webrtc.config import Translations

ICE_SETTING = "TUNESMITH_ICE_SERVERS"
ICE_SCHEMES = ("stun:", "stuns:", "turn:", "turns:")
ASK_SEC, WAIT_SEC = 0.1, 0.18
"""how often the page asks what was heard, and how long an answer waits for a clap: till the next question is there"""
SENT_SEC = 0.02
"""in which an answer leaves: Streamlit sends every 10 ms, and the next run of the fragment drops what is still there"""
COUNTS, COUNT_SEC = 3, 0.6
SILENT_SEC = 8.0
"""without any sound after which something must be wrong"""
LIVE, TAKE = "listen.live", "listen.take"
OTHERWISE = "Record your claps or upload a recording instead (“Clap”), or tap them."
MICROPHONE = {"echoCancellation": False, "noiseSuppression": False, "autoGainControl": False}
"""they take claps for noise: without them timing is twenty times better under speech"""
WORDS: Translations = {
    "start": "Listen",
    "stop": "Done",
    "select_device": "Choose a microphone",
    "device_ask_permission": "Allow this page to use the microphone.",
    "device_access_denied": f"The microphone is not allowed for this page. {OTHERWISE}",
    "device_not_available": f"There is no microphone. {OTHERWISE}",
    "media_api_not_available": f"This browser gives no access to the microphone here. {OTHERWISE}",
}
AGAIN = "and press Listen again."
NOTICES = {
    "NotAllowedError": f"The microphone is not allowed for this page: allow it in the browser's address bar {AGAIN}",
    "NotFoundError": f"There is no microphone: connect one {AGAIN}",
    "OverconstrainedError": f"That microphone is gone: choose another {AGAIN}",
    "NotReadableError": f"The microphone gives no sound: close other programs that use it {AGAIN}",
    "TypeError": "A browser gives the microphone only to pages at localhost or at an address that begins with https.",
    "Error": f"The microphone cannot be used: check it in the system's settings {AGAIN}",
    "slow": "The connection takes long. If it does not come about, whoever runs this app has to name a TURN server "
    f"({ICE_SETTING}).",
}
"""of the browser's exceptions"""


def listen(desk: Desk) -> None:
    """Lets the user clap into the microphone, shows each clap as it is heard, and lays the rhythm on the desk."""
    if not has_server():
        raise InputError("Listening needs a running server: start the app with “streamlit run app.py”.")
    live: LiveTake = st.session_state.setdefault(LIVE, LiveTake(COUNTS * COUNT_SEC))
    state = connection(live)
    live.opened |= state.playing or state.signalling
    if state.playing:
        follow(live)
        return
    if state.signalling:
        live_line(live.id, "waiting", [], live.seconds, live.level, "listen.live_line")
        return
    if live.begun:
        st.session_state[LIVE] = LiveTake(COUNTS * COUNT_SEC)
        data = live.recording()
        st.session_state[TAKE] = Take("live.wav", data, live.lead_sec) if data else None
    if (take := st.session_state.get(TAKE)) is not None:
        edit_take(desk, take, "listen.line")
    elif live.begun:
        st.info("That was too short: wait until the count-in is over, clap, and then press Done.")
    elif live.opened:
        st.warning(f"The connection to the microphone broke off before any sound came; press Listen again. {OTHERWISE}")
    else:
        st.caption(
            "Press Listen, wait for “3, 2, 1”, clap your rhythm, press Done. "
            f"No microphone, or none allowed? {OTHERWISE}"
        )


def has_server() -> bool:
    """Whether a browser is served; Streamlit's own tests put a stand-in into the server's place."""
    return runtime.exists() and isinstance(runtime.get_instance().state, runtime.RuntimeState)


def connection(live: LiveTake) -> WebRtcStreamerState:
    """The Listen and Done buttons; whether the microphone is on or about to be."""
    from streamlit_webrtc import AudioSinkTrack, WebRtcMode, webrtc_streamer  # takes a second
    from streamlit_webrtc.webrtc import SignallingTimeoutError

    try:
        with st.container(gap=None):
            context = webrtc_streamer(
                key="listen",
                mode=WebRtcMode.SENDONLY,
                rtc_configuration={"iceServers": ice_servers()},
                media_stream_constraints={"audio": MICROPHONE, "video": False},
                sink_audio_track=AudioSinkTrack(live.hear),
                translations=WORDS,
                media_toggle_controls=False,
            )
            microphone_notice(NOTICES, "listen.notice")
    except SignallingTimeoutError as error:
        raise InputError(f"No connection to the microphone came about; press Listen again. {OTHERWISE}") from error
    return context.state


@st.fragment(run_every=ASK_SEC)
def follow(live: LiveTake) -> None:
    """One look at what the microphone brings; a fragment, so it leaves the rest of the page alone."""
    claps = live.claps(last_sensitivity(), WAIT_SEC)
    state, seconds = state_of(live), live.seconds
    live_line(live.id, state, claps, seconds, live.level, "listen.live_line", count_in=math.ceil(-seconds / COUNT_SEC))
    if state == "silent":
        st.warning(f"No sound comes from the microphone: press Done, check it, and try again. {OTHERWISE}")
    elif state == "full":
        st.warning(f"That is {MAX_SEC / 60:.0f} minutes, which is as much as is kept: press Done.")
    time.sleep(SENT_SEC)


def state_of(live: LiveTake) -> State:
    if not live.begun:
        return "silent" if live.waited_sec > SILENT_SEC else "waiting"
    if live.full:
        return "full"
    return "counting" if live.seconds < 0 else "clapping"


def ice_servers() -> list[dict[str, object]]:
    """The STUN and TURN servers of this deployment, none by default; raises ``InputError`` on a bad setting."""
    try:
        text = os.environ.get(ICE_SETTING) or st.secrets.get(ICE_SETTING, "[]")
    except StreamlitSecretNotFoundError:
        text = "[]"
    try:
        servers = json.loads(text)
    except (TypeError, ValueError):
        servers = None
    if not isinstance(servers, list) or not all(map(is_ice_server, servers)):
        raise InputError(
            f"The setting {ICE_SETTING} is no JSON list of STUN or TURN servers; whoever runs this app has to correct "
            f"it. {OTHERWISE}"
        )
    return servers


def is_ice_server(server: object) -> bool:
    urls = server.get("urls") if isinstance(server, dict) else None
    urls = [urls] if isinstance(urls, str) else urls
    return isinstance(urls, list) and bool(urls) and all(str(url).startswith(ICE_SCHEMES) for url in urls)
