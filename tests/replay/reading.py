"""Running `tbms replay` in a test and reading what it wrote."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from tbms.cli.replay import replay


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(replay, [str(argument) for argument in arguments])


def rows(path: Path) -> list[dict[str, str]]:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(io.StringIO(data.decode())))


def events(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
