"""Who may import whom (DESIGN section 2)."""

import sys
from graphlib import CycleError, TopologicalSorter

import pytest
from tests.architecture.source import Module, modules

ALLOWED = {
    "": set(),
    "model": {"model"},
    "settings": {"settings", "model"},
    "core": {"core", "model", "settings"},
    "ports": {"model"},
    "drivers": {"drivers", "ports", "model", "wire"},
    "store": {"store", "ports", "model", "wire"},
    "twin": {"twin", "ports", "model", "wire"},
    "wire": {"wire"},
    "slave": {"slave", "wire"},
    "simulator": {"simulator", "twin", "slave", "wire", "model", "settings"},
    "master": {"master", "model", "settings", "core", "ports", "drivers", "store", "wire"},
    "monitor": {"monitor", "model", "settings", "core", "store"},
    "config": {"config", "model", "settings", "core", "store", "drivers", "wire"},
    "cloud": {"cloud", "model", "settings", "core", "store"},
}
CORE_STDLIB = {"math", "enum", "dataclasses", "typing", "collections"}  # collections.abc: types only
MODULE_NAMES = {module.name for module in modules()}


def rooms_of(module: Module) -> set[str]:
    names = {name for name in module.imports() if name.startswith("tbms.")}
    return {name.split(".")[1] for name in names if name.split(".")[1] != "__version__"}


@pytest.mark.parametrize("module", modules(), ids=lambda m: m.name)
def test_a_room_imports_only_what_the_plan_allows(module: Module) -> None:
    if module.room == "cli":
        return
    forbidden = rooms_of(module) - ALLOWED[module.room]
    assert not forbidden, f"{module.name} imports {sorted(forbidden)}"


@pytest.mark.parametrize("module", [m for m in modules() if m.room == "core"], ids=lambda m: m.name)
def test_the_core_is_arithmetic(module: Module) -> None:
    outside = {name.split(".")[0] for name in module.imports()} - {"tbms"}
    assert outside <= CORE_STDLIB, f"{module.name} imports {sorted(outside - CORE_STDLIB)}"


@pytest.mark.parametrize("module", [m for m in modules() if m.room == "drivers"], ids=lambda m: m.name)
def test_a_driver_imports_no_other_driver(module: Module) -> None:
    others = {name for name in module.imports() if name.startswith("tbms.drivers.") and name in MODULE_NAMES}
    own = ".".join(module.name.split(".")[:3])
    foreign = {name for name in others if name != own and not name.startswith(f"{own}.")}
    assert not foreign, f"{module.name} imports {sorted(foreign)}"


def edges(module: Module) -> set[str]:
    """Modules it imports; "from package import module" needs the module, not what the package's front imports."""
    named = module.imports() & MODULE_NAMES
    fronts = {name for name in named if any(other.startswith(f"{name}.") for other in named)}
    return named - fronts - {module.name}


def test_no_two_modules_import_each_other() -> None:
    graph = {m.name: edges(m) for m in modules()}
    try:
        tuple(TopologicalSorter(graph).static_order())
    except CycleError as problem:
        pytest.fail(f"import cycle: {' -> '.join(problem.args[1])}")


def test_commands_are_imported_only_when_called() -> None:
    main = next(m for m in modules() if m.name == "tbms.cli.main")
    rooms = {name for name in main.imports() if name.startswith("tbms.")}
    assert rooms <= {"tbms.__version__"}, f"cli/main.py imports {sorted(rooms)} before a command is known"


def test_nothing_needs_a_package_outside_the_lock() -> None:
    known = {
        "tbms", "pydantic", "pydantic_core", "tomlkit", "pymodbus", "serial", "fastapi", "starlette", "uvicorn",
        "websockets", "click", "rich", "numpy", "apprise", "playwright",
    }  # fmt: skip
    micropython = {"machine", "micropython", "utime", "uselect"}  # absent on a PC: imported behind a guard
    for module in modules():
        outside = {name.split(".")[0] for name in module.imports()} - set(sys.stdlib_module_names) - known
        assert outside <= micropython, f"{module.name} imports {sorted(outside - micropython)}"
