"""A file in another's place, whole or not at all."""

import os
from pathlib import Path


def replace_file(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Put data in the place of a file, whole or not at all; on disk when it returns. Raises OSError.

    The mode of a file that is replaced is kept; mode: of one that is new. What root writes belongs to whom the file
    before it belonged, or its folder: a service that runs as somebody else must be able to read it.
    """
    part = path.with_name(f".{path.name}.part")
    mode = path.stat().st_mode & 0o777 if path.exists() else mode
    try:
        part.unlink(missing_ok=True)  # of a run that was cut off; or a link, that root would follow out of the folder
        file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(file, "wb") as out:
            if os.geteuid() == 0:
                owner = (path if path.exists() else path.parent).stat()
                os.fchown(file, owner.st_uid, owner.st_gid)
            out.write(data)
            out.flush()
            os.fsync(file)
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """What a folder's files are called is on disk when it returns: names survive a power cut too. Raises OSError."""
    folder = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
