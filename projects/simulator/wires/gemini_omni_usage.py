"""The tokens that an interaction is billed for.

Per second of video: three measured by one client, that of 4k from Google's limits. What goes in (a picture, a
second of video) is from a reseller's table. How a text is counted, the tokens of the thought, and that an
extension is billed for the seconds it adds, are guesses.
"""

from collections.abc import Mapping
from typing import Any

VIDEO_TOKENS: Mapping[str, int] = {"360p": 1931, "720p": 5792, "1080p": 8688, "4k": 17376}
"""Per second of output, by resolution."""

WATCHED_TOKENS = 5792
"""Per second of a video that is worked on."""

PICTURE_TOKENS = 2040
THOUGHT_TOKENS = 70


def tokens_of(text: str) -> int:
    return -(-len(text) // 4)


def usage(inputs: Mapping[str, int], outputs: Mapping[str, int], *, thought: int = 0) -> dict[str, Any]:
    """Google's `usage` object of so many tokens by modality."""
    taken, made = sum(inputs.values()), sum(outputs.values())
    return {
        "total_tokens": taken + made + thought,
        "total_input_tokens": taken,
        "input_tokens_by_modality": _by_modality(inputs),
        "total_output_tokens": made,
        "output_tokens_by_modality": _by_modality(outputs),
        "total_thought_tokens": thought,
        "total_cached_tokens": 0,
        "total_tool_use_tokens": 0,
    }


def _by_modality(tokens: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"modality": modality, "tokens": count} for modality, count in tokens.items() if count]
