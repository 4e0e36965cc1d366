"""The cutting room: joins finished clips into one film. PyAV and Pillow, no Django, no app."""
