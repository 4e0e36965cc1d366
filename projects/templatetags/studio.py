"""Figures and icons for templates."""

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from projects import figures

register = template.Library()


@register.filter
def usd(micros: int | None) -> str:
    """Micro-dollars as dollars; nothing where the amount is not known."""
    return "" if micros is None else figures.usd(micros)


@register.filter
def seconds(value: float | None) -> str:
    return "" if value is None else figures.seconds(value)


@register.filter
def clock(value: float | None) -> str:
    return "" if value is None else figures.clock(value)


@register.simple_tag
def icon(name: str) -> SafeString:
    """One symbol of the sprite, hidden from screen readers: the words beside it say the same."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', static("img/icons.svg"), name
    )
