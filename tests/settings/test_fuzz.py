"""Whatever stands in a settings file or on the command line: settings, or sentences; never anything else."""

from pathlib import Path
from typing import Any

import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tbms.settings import Settings, SettingsError, load
from tbms.settings.problems import keys
from tbms.settings.schema import Schema

KEYS = [name.replace("[]", "[1]") for name, _ in keys()]
NAMES = st.sampled_from([*Schema.model_fields, "cells", "cut", "cell_overvoltage", "name", "x", "tempo"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.integers(-5, 400), st.floats(-5, 4000), st.booleans(), st.sampled_from(["off", "lfp", "", "x", "person"])
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)


def outcome(path: Path | None, overrides: list[str]) -> None:
    try:
        assert isinstance(load(path, overrides), Settings)
    except SettingsError as problem:
        sentences = problem.problems
    else:
        return
    assert sentences
    assert all(text and "\n" not in text for text in sentences)


@given(st.dictionaries(NAMES, VALUES, max_size=5))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file(tmp_path: Path, data: dict[str, Any]) -> None:
    path = tmp_path / "any.toml"
    path.write_text(tomlkit.dumps(data), encoding="utf-8")
    outcome(path, [])


TEXTS = st.sampled_from(
    ["0", "-1", "3.3", "1e9", "nan", "off", "true", "[]", "{}", "[1]", '"x"', "lmo", "", "retries", "16"]
)
OVERRIDES = st.tuples(st.one_of(st.sampled_from(KEYS), st.text("abc.[]012=", max_size=8)), TEXTS)


@given(st.lists(OVERRIDES, max_size=6))
@settings(max_examples=150, deadline=None)
def test_any_overrides(pairs: list[tuple[str, str]]) -> None:
    outcome(None, [f"{key}={value}" for key, value in pairs])


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text(tmp_path: Path, text: str) -> None:
    path = tmp_path / "any.toml"
    path.write_text(text, encoding="utf-8", errors="replace")
    outcome(path, [])
