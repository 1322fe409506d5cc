import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tbms.store.memory import Memory

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def test_the_first_start_remembers_nothing(tmp_path: Path) -> None:
    assert Memory(tmp_path / "new").load() == {}


@settings(max_examples=50, deadline=None)
@given(values=st.dictionaries(st.text(), JSON, max_size=5))
def test_what_was_saved_is_there_after_a_restart(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, object]
) -> None:
    folder = tmp_path_factory.mktemp("memory")
    Memory(folder).save(values)
    assert Memory(folder).load() == values


def test_a_save_torn_or_damaged_at_any_byte_leaves_the_one_before(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.save({"soc": 0.5})
    memory.save({"soc": 0.6})
    newest = tmp_path / "memory-a"
    whole = newest.read_bytes()
    for cut in range(len(whole)):
        newest.write_bytes(whole[:cut])
        assert Memory(tmp_path).load() == ({"soc": 0.6} if cut == len(whole) - 1 else {"soc": 0.5})
    for place in range(len(whole) - 1):
        newest.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        assert Memory(tmp_path).load() == {"soc": 0.5}


def test_after_damage_the_next_save_replaces_the_damaged_copy(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    for soc in (0.1, 0.2, 0.3):
        memory.save({"soc": soc})
    (tmp_path / "memory-b").write_bytes(b"\0" * 100)
    again = Memory(tmp_path)
    assert again.load() == {"soc": 0.2}
    again.save({"soc": 0.4})
    (tmp_path / "memory-a").write_bytes(b"")
    assert Memory(tmp_path).load() == {"soc": 0.4}


def test_a_full_disk_keeps_the_copy_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory(tmp_path)
    memory.save({"soc": 0.5})
    monkeypatch.setattr(os, "pwrite", lambda file, data, offset: 3)
    with pytest.raises(OSError, match="No space"):
        memory.save({"soc": 0.6})
    assert Memory(tmp_path).load() == {"soc": 0.5}


@pytest.mark.parametrize("wrong", [b"", b"rubbish", b'00000000 {"generation":1}\n'])
def test_a_file_that_is_no_memory_is_no_memory(tmp_path: Path, wrong: bytes) -> None:
    (tmp_path / "memory-a").write_bytes(wrong)
    assert Memory(tmp_path).load() == {}
