"""A lesson's Markdown in the colours of the theme. Textual's own widget takes three times as long for each lesson."""

from __future__ import annotations

from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Heading, Markdown
from rich.text import Text
from rich.theme import Theme as Styles
from textual.theme import Theme


def colour(theme: Theme, name: str) -> str:
    """A colour of a theme, such as `success`, in the words of rich."""
    value = str(getattr(theme, name) or "default")
    return value.removeprefix("ansi_")


class _LeftHeading(Heading):
    """A heading at the left, without a box around it."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        text = self.text.copy()
        text.justify = "left"
        yield text


class LessonMarkdown:
    """A renderable: the text, with code and headings in the colours of a theme."""

    def __init__(self, text: str, theme: Theme) -> None:
        self.markdown = _Markdown(text, hyperlinks=False)
        accent, primary = colour(theme, "accent"), colour(theme, "primary")
        self.styles = Styles(
            {
                "markdown.code": accent,
                "markdown.code_block": accent,
                "markdown.item.bullet": primary,
                "markdown.item.number": primary,
                "markdown.block_quote": "italic",
                "markdown.link": primary,
                "markdown.link_url": "underline",
                **{f"markdown.h{level}": f"bold {primary}" for level in range(1, 7)},
            }
        )

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        with console.use_theme(self.styles):
            yield from console.render(self.markdown, options)


class _Markdown(Markdown):
    elements: dict[str, Any] = {**Markdown.elements, "heading_open": _LeftHeading}  # type: ignore[misc]  # rich declares it as ClassVar


def heading(text: str, theme: Theme) -> Text:
    """A heading between parts of a page."""
    return Text(text, f"bold {colour(theme, 'primary')}")
