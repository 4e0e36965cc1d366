"""The cutting room: joins finished clips into one film. PyAV and Pillow, no Django, no app.

reel       what a film is made from            room      the door: starts and watches the process
timeline   which frame stands where            __main__  the process
copy       joining without re-encoding         scan      whether that is possible
render     one pass of decode, mix, encode     pictures, framing, title, sound, loudness, mixing
"""

from projects.montage.errors import MontageError, Stopped
from projects.montage.room import join, make, why_no_copy

__all__ = ["MontageError", "Stopped", "join", "make", "why_no_copy"]
