"""A class at work, and a study beside it: visitors who come by Streamlit's own websocket, as browsers do."""
