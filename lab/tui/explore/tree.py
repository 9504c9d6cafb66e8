"""The chapters as a tree, each lesson with a mark for what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from rich.style import Style as TextStyle
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from lab.tui.explore.lessons import Item
from lab.tui.explore.states import COLOURS, MARKS, State
from lab.tui.markdown import colour
from lab.tui.problems import ReportsProblems

Entry = str | Item
"""A chapter's name, or a lesson."""


class LessonTree(ReportsProblems, Tree[Entry], inherit_bindings=False):
    """Moving about is done here; what is done with a lesson is the screen's affair."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "cursor_up", show=False),
        Binding("down", "cursor_down", show=False),
        Binding("home", "scroll_home", show=False),
        Binding("end", "scroll_end", show=False),
        Binding("left", "fold", show=False),
        Binding("right", "unfold", show=False),
    ]
    ICON_NODE = "▸ "
    ICON_NODE_EXPANDED = "▾ "
    DEFAULT_CSS = """
    LessonTree { padding: 0; background: $background; scrollbar-size-vertical: 1; overflow-x: hidden; }
    LessonTree:nocolor > .tree--cursor { text-style: reverse; }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__("lessons", id=id)
        self.show_root = False
        self.show_guides = False
        self.guide_depth = 2
        self._states: Mapping[str, State] = {}
        self._folded: set[str] = set()

    def fill(self, items: Iterable[Item], states: Mapping[str, State], current: str | None, unfold: bool) -> None:
        """Show these lessons by chapter, and put the cursor on the one called `current`, or else on the first.

        unfold: show all of them, also in chapters that the reader has folded
        """
        self._states = states
        chapters: dict[str, list[Item]] = {}
        for item in items:
            chapters.setdefault(item.chapter, []).append(item)
        self.clear()
        chosen: TreeNode[Entry] | None = None
        for chapter, inside in chapters.items():
            node = self.root.add(chapter, chapter, expand=unfold or chapter not in self._folded)
            for item in inside:
                leaf = node.add_leaf(item.title, item)
                if item.name == current or chosen is None:
                    chosen = leaf
        self.root.expand()
        if chosen is not None:
            if chosen.parent is not None:
                chosen.parent.expand()
            self.call_after_refresh(self._settle, chosen)

    def _settle(self, node: TreeNode[Entry]) -> None:
        """Put the cursor on a node, and say so even if another node was on the same line before."""
        self.move_cursor(node)
        self.post_message(Tree.NodeHighlighted(node))

    def remark(self, states: Mapping[str, State]) -> None:
        """Show other states on the same lessons."""
        self._states = states
        for chapter in self.root.children:
            chapter.refresh()
            for leaf in chapter.children:
                leaf.refresh()

    @property
    def item(self) -> Item | None:
        """The lesson under the cursor."""
        node = self.cursor_node
        return node.data if node is not None and isinstance(node.data, Item) else None

    def action_select_cursor(self) -> None:
        """A click: it opens and closes chapters; of a lesson it only shows the page."""
        if self.item is None:
            self.action_toggle_node()

    def action_fold(self) -> None:
        node = self.cursor_node
        if node is not None and node.parent is not None and node.parent is not self.root:
            node = node.parent
            self.move_cursor(node)
        if node is not None:
            node.collapse()

    def action_unfold(self) -> None:
        if self.cursor_node is not None:
            self.cursor_node.expand()

    def on_tree_node_collapsed(self, event: Tree.NodeCollapsed[Entry]) -> None:
        if isinstance(event.node.data, str):
            self._folded.add(event.node.data)

    def on_tree_node_expanded(self, event: Tree.NodeExpanded[Entry]) -> None:
        if isinstance(event.node.data, str):
            self._folded.discard(event.node.data)

    def render_label(self, node: TreeNode[Entry], base_style: TextStyle, style: TextStyle) -> Text:
        if isinstance(node.data, Item):
            return self._leaf(node.data, style)
        inside = [self._states.get(each.data.name, State()) for each in node.children if isinstance(each.data, Item)]
        done = sum(each.kind in ("held", "done") for each in inside)
        icon = self.ICON_NODE_EXPANDED if node.is_expanded else self.ICON_NODE
        name, told = (
            (str(node.data), style + TextStyle(bold=True)),
            (f" {done}/{len(inside)}", style + TextStyle(dim=True)),
        )
        return self._cut(Text.assemble((icon, style), name, told), 0)

    def _leaf(self, item: Item, style: TextStyle) -> Text:
        if item.error:
            broken = style + TextStyle(color=colour(self.app.current_theme, "error"))
            return self._cut(Text.assemble(("! ", broken), (item.title, style)), 1)
        kind = self._states.get(item.name, State()).kind
        variable = COLOURS[kind]
        mark = (
            TextStyle(dim=True)
            if variable == "text-muted"
            else TextStyle(color=colour(self.app.current_theme, variable))
        )
        return self._cut(Text.assemble((f"{MARKS[kind]} ", style + mark), (item.title, style)), 1)

    def _cut(self, label: Text, depth: int) -> Text:
        """A label that fits into the width there is."""
        room = self.size.width - depth * self.guide_depth - self.scrollbar_size_vertical
        label.truncate(max(room, 4), overflow="ellipsis")
        return label

    def on_resize(self) -> None:
        self.remark(self._states)
