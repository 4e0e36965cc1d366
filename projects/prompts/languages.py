"""How fast people speak. Rules of thumb of November 2026, not measured here: enough for a warning."""

import unicodedata

LANGUAGES: dict[str, tuple[str, float]] = {
    "en": ("English", 2.5),
    "ar": ("Arabic", 2.0),
    "zh": ("Chinese", 4.5),
    "nl": ("Dutch", 2.4),
    "fr": ("French", 2.7),
    "de": ("German", 2.2),
    "hi": ("Hindi", 2.3),
    "id": ("Indonesian", 2.1),
    "it": ("Italian", 2.5),
    "ja": ("Japanese", 6.0),
    "ko": ("Korean", 1.8),
    "pl": ("Polish", 1.9),
    "pt": ("Portuguese", 2.5),
    "ru": ("Russian", 1.9),
    "es": ("Spanish", 2.7),
    "th": ("Thai", 9.0),
    "tr": ("Turkish", 1.8),
    "uk": ("Ukrainian", 1.9),
    "vi": ("Vietnamese", 3.3),
}
"""By code: what it is called, and how many words a second are spoken at ease; see BY_CHARACTER."""

BY_CHARACTER = frozenset({"zh", "ja", "th"})
"""Languages that put no blanks between words: their rate is in characters a second."""


def known_language(code: str) -> str:
    """A code of LANGUAGES for "de", "DE" or "de-AT"; English for any that is not there."""
    base = code.strip().lower().replace("_", "-").partition("-")[0]
    return base if base in LANGUAGES else "en"


def spoken(line: str, language: str) -> int:
    """How many words a line has, or characters in a language of BY_CHARACTER; punctuation is none."""
    if language in BY_CHARACTER:
        return sum(unicodedata.category(c)[0] in "LN" for c in line)
    return sum(any(c.isalnum() for c in word) for word in line.split())


def speaking_seconds(line: str, language: str) -> float:
    """About how long it takes to say the line."""
    code = known_language(language)
    return spoken(line, code) / LANGUAGES[code][1]
