"""Text fields that take what people paste."""

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator


class WordsField(forms.CharField):
    """Text without control characters, lines ended by one newline. NUL is refused: no database keeps it."""

    def __init__(self, *, nul: str = "Remove the NUL character; it cannot be used.", **options: Any) -> None:
        super().__init__(**options)
        self.nul = nul
        self.validators = [v for v in self.validators if not isinstance(v, ProhibitNullCharactersValidator)]

    def to_python(self, value: Any) -> str:
        text = str(value or "")
        if "\x00" in text:
            raise ValidationError(self.nul, code="null_characters_not_allowed")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        return super().to_python("".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc"))


class LineField(WordsField):
    """One line: every run of white space is one blank."""

    def to_python(self, value: Any) -> str:
        return " ".join(super().to_python(value).split())
