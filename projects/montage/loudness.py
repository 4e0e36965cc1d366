"""How loud pieces are, as EBU R 128 measures it, and how much louder or softer each has to be."""

from dataclasses import dataclass
from math import isfinite, log10

from projects.montage import sound
from projects.montage.reel import Piece

TARGET = -16.0
"""LUFS, what video sites play at."""
MOST_CHANGE = 12.0
"""Decibels. What is further away is noise, or was meant so."""
PEAK = -1.0
"""Decibels of full scale that the true peak may have."""
MOST_LIMITING = 6.0
"""Decibels by which peaks may be raised above PEAK, for the limiter to take off."""
SILENT = -60.0
"""LUFS up to which a piece counts as silent. The measure's own lower end is -70."""


@dataclass(frozen=True)
class Loudness:
    """Of one piece: LUFS over all of it, and the true peak in decibels of full scale."""

    integrated: float
    peak: float


def measure(piece: Piece, start: float, seconds: float) -> Loudness:
    """Decode the sound between these seconds, about a hundred times as fast as it is heard."""
    from av.filter.graph import Graph

    graph = Graph()
    source = graph.add_abuffer(sample_rate=sound.RATE, format="flt", layout="stereo")
    meter = graph.add("ebur128", "metadata=1:peak=true")
    graph.link_nodes(source, meter, graph.add("abuffersink")).configure()
    heard = sound.of_piece(piece, start)
    told: dict[str, str] = {}
    total = round(seconds * sound.RATE)
    for at in range(0, total, sound.BLOCK):
        graph.push(sound.frame_of(heard.read(min(sound.BLOCK, total - at)), at))
        for frame in sound.pulled(graph):
            told = frame.metadata or told
    for frame in sound.pulled(graph, end=True):
        told = frame.metadata or told
    peak = max(float(told.get(f"lavfi.r128.true_peaks_ch{channel}", 0)) for channel in (0, 1))
    integrated = float(told.get("lavfi.r128.I", "-inf"))
    return Loudness(integrated if isfinite(integrated) else 2 * SILENT, 20 * log10(max(peak, 1e-6)))


def gain(loudness: Loudness) -> float:
    """The factor that brings a piece toward TARGET; 1 for silence."""
    if loudness.integrated <= SILENT:
        return 1.0
    change = max(-MOST_CHANGE, min(MOST_CHANGE, TARGET - loudness.integrated))
    change = min(change, max(0.0, PEAK + MOST_LIMITING - loudness.peak)) if change > 0 else change
    return float(10 ** (change / 20))
