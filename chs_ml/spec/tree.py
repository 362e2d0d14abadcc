"""YAML text → mappings, lists and text. Every scalar stays text: `Yes`, `007` and `1.0` are what was written."""

from __future__ import annotations

from typing import Any

import yaml

MAX_BYTES = 1 << 20


class Unreadable(Exception):
    """The text is no YAML that a spec may be; ``line`` counts from 1."""

    def __init__(self, line: int | None, problem: str) -> None:
        self.line = line
        super().__init__(problem)


class _Composer(yaml.SafeLoader):
    """Builds nodes only; aliases are refused, since a few of them can stand for gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise Unreadable(mark.line + 1, "found an alias (*name); a spec is written out. Repeat the value")
        node: yaml.Node | None = super().compose_node(parent, index)
        return node


def read_tree(text: str) -> tuple[Any, dict[str, int]]:
    """The tree, and for every path in it (``metrics[2].name``) its line; raises Unreadable."""
    if len(text.encode()) > MAX_BYTES:
        raise Unreadable(None, "the file is over 1 MiB; a spec is a few pages of text. Check the path")
    try:
        node = _Composer(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise Unreadable(line, f"not YAML: {error.problem}. Check indentation, colons and quotes") from None
    except yaml.YAMLError:
        raise Unreadable(None, "not YAML: it holds characters that text does not. Save it as UTF-8 text") from None
    except RecursionError:
        raise Unreadable(None, "nested too deep. Write it flatter") from None
    lines: dict[str, int] = {}
    return _plain(node, "", lines), lines


def _plain(node: yaml.Node | None, path: str, lines: dict[str, int]) -> Any:
    if node is None:
        return None
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, f"{path}[{at}]", lines) for at, item in enumerate(node.value)]
    return node.value


def _mapping(node: yaml.MappingNode, path: str, lines: dict[str, int]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise Unreadable(line, "found a key that is not text. Write `key: value`")
        if key.value in plain:
            raise Unreadable(line, f"found the key {key.value!r} twice; a key stands once. Remove one of them")
        here = f"{path}.{key.value}" if path else key.value
        plain[key.value] = None if _says_nothing(value) else _plain(value, here, lines)
        lines[here] = line
    return plain


def _says_nothing(node: yaml.Node) -> bool:
    """`key:`, `key: null` and `key: ~`; in quotes, or inside a list, these are text."""
    return isinstance(node, yaml.ScalarNode) and node.style is None and node.value in {"", "null", "~"}
