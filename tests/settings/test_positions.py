"""Lines of keys in a TOML file."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbms.settings.positions import lines


def test_tables_keys_arrays_and_strings() -> None:
    text = '''# a comment = not a key
name = "a = b # c"
long = """
x = 1
"""
list = [
  1,  # one
  2,
]
[pack] # trailing
cells = 4
"quoted key" = 1
protect.cell.cut = 3
inline = { a = 1, b = { c = 2 } }
[[outputs]]
name = 'first [x]'
[[outputs]]
name = "second"
[outputs.deep]
x = 1
[a."b.c"]
d = 1
'''
    found = lines(text)
    assert tomllib.loads(text)
    assert found[("name",)] == 2
    assert found[("long",)] == 3
    assert found[("list",)] == 6
    assert found[("pack",)] == 10
    assert found[("pack", "cells")] == 11
    assert found[("pack", "quoted key")] == 12
    assert found[("pack", "protect", "cell", "cut")] == 13
    assert found[("pack", "inline")] == 14
    assert found[("outputs", 0, "name")] == 16
    assert found[("outputs", 1, "name")] == 18
    assert found[("outputs", 1, "deep", "x")] == 20
    assert found[("a", "b.c", "d")] == 22
    assert ("x",) not in found


def paths(data: Any, prefix: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = []
    for key, value in data.items():
        found.append((*prefix, key))
        if isinstance(value, dict):
            found += paths(value, (*prefix, key))
    return found


KEY = st.text("abcxyz_", min_size=1, max_size=4)


@given(
    st.dictionaries(KEY, st.dictionaries(KEY, st.one_of(st.integers(), st.sampled_from(['"a=b"', "'#'", "[1,\n2]"]))))
)
def test_every_key_of_a_file_has_its_line(tables: dict[str, dict[str, Any]]) -> None:
    text = "".join(f"[{name}]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items()) for name, keys in tables.items())
    found = lines(text)
    every = text.split("\n")
    for path in paths(tomllib.loads(text)):
        line = every[found[path] - 1]
        assert line.startswith(f"[{path[0]}]" if len(path) == 1 else f"{path[-1]} = ")


@pytest.mark.parametrize("text", ["", "\n\n", "# only\n", "a=1"])
def test_nothing_much(text: str) -> None:
    assert set(lines(text)) <= {("a",)}
