"""A terminal small enough for tests: it understands exactly what the painter may send, and refuses the rest."""

import re

_TOKEN = re.compile(r"\x1b\[(\??[\d;]*)([A-Za-z])|(\n)|(\r)|([^\x1b\n\r])", re.DOTALL)


class Terminal:
    """`lines`: what is on the screen; `scrolled`: what has left it at the top."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.lines = [" " * width for _ in range(height)]
        self.scrolled: list[str] = []
        self.row = self.column = 0
        self.cursor_shown = True

    def feed(self, text: str) -> None:
        end = 0
        for token in _TOKEN.finditer(text):
            assert token.start() == end, f"not understood: {text[end : token.start() + 1]!r}"
            end = token.end()
            parameter, command, newline, back, character = token.groups()
            if newline:
                self.column = 0
                self._down()
            elif back:
                self.column = 0
            elif character:
                assert self.column < self.width, "a line is longer than the window"
                old = self.lines[self.row]
                self.lines[self.row] = old[: self.column] + character + old[self.column + 1 :]
                self.column += 1
            else:
                self._command(parameter, command)
        assert end == len(text)

    def _down(self) -> None:
        if self.row == self.height - 1:
            self.scrolled.append(self.lines.pop(0))
            self.lines.append(" " * self.width)
        else:
            self.row += 1

    def _command(self, parameter: str, command: str) -> None:
        if command == "m":
            return
        if command in "hl" and parameter == "?25":
            self.cursor_shown = command == "h"
        elif command == "A":
            assert int(parameter) <= self.row, "moved above the window"
            self.row -= int(parameter)
        elif command == "B":
            self.row = min(self.height - 1, self.row + int(parameter))
        elif command == "K":
            self.lines[self.row] = self.lines[self.row][: self.column] + " " * (self.width - self.column)
        elif command == "J" and parameter == "":
            self._command("", "K")
            self.lines[self.row + 1 :] = [" " * self.width] * (self.height - self.row - 1)
        elif command == "J" and parameter == "2":
            self.lines = [" " * self.width] * self.height
        elif command == "H":
            self.row = self.column = 0
        else:
            raise AssertionError(f"not understood: {parameter}{command}")

    def text(self) -> str:
        return "\n".join(line.rstrip() for line in (*self.scrolled, *self.lines)).rstrip()
