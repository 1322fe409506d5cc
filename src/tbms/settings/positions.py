"""On which line of a TOML file each key stands: the parser of the standard library does not say."""

import re
from collections.abc import Iterator

from tbms.settings.problems import Key

_PART = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*""")
_STRING = re.compile(r'"""(?:[^\\]|\\.)*?"""|\'\'\'.*?\'\'\'|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.DOTALL)


def _path(text: str) -> tuple[str, ...]:
    """The parts of a dotted key, quoted ones included."""
    parts = []
    while match := _PART.match(text):
        parts.append(next(group for group in match.groups() if group is not None))
        text = text[match.end() :]
        if not text.startswith("."):
            break
        text = text[1:]
    return tuple(parts)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Line number and text of each statement; strings blanked, arrays over several lines joined."""
    blank = _STRING.sub(lambda m: m.group() if "=" not in m.group() and "\n" not in m.group() else _hidden(m), text)
    held, start, depth = "", 0, 0
    for number, raw in enumerate(blank.split("\n"), 1):
        line = raw.split("#")[0].strip()
        if not depth:
            held, start = "", number
        held += line
        header = line.startswith("[") and not depth
        if not header:
            depth += sum(line.count(c) for c in "[{") - sum(line.count(c) for c in "]}")
        if held and depth <= 0:
            depth = 0
            yield start, held


def _hidden(match: re.Match[str]) -> str:
    return "''" + "\n" * match.group().count("\n")


def lines(text: str) -> dict[Key, int]:
    """Line number of every table and key of a valid TOML text; items of arrays of tables count from 0."""
    found: dict[Key, int] = {}
    table: Key = ()
    counts: dict[Key, int] = {}
    for number, statement in _statements(text):
        if statement.startswith("["):
            name: Key = _path(statement.strip("[] "))
            table = _item(name, counts) if statement.startswith("[[") else _inside(name, counts)
            found.setdefault(table, number)
            continue
        key: Key = (*table, *_path(statement))
        for length in range(len(table) + 1, len(key) + 1):
            found.setdefault(key[:length], number)
    return found


def _inside(name: Key, counts: dict[Key, int]) -> Key:
    """A table's name with the place of the newest item of every array of tables on its way."""
    path: Key = ()
    for part in name:
        path = (*path, part)
        if path in counts:
            path = (*path, counts[path] - 1)
    return path


def _item(name: Key, counts: dict[Key, int]) -> Key:
    path: Key = (*_inside(name[:-1], counts), name[-1])
    counts[path] = counts.get(path, 0) + 1
    return (*path, counts[path] - 1)
