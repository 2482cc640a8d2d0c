"""Names of members: where a container says that its files belong. None may leave the folder it is unpacked into."""

from __future__ import annotations

import re

_DRIVE = re.compile(r"^[A-Za-z]:")


def named(pattern: str) -> re.Pattern[str]:
    """What a file is called that a program asks for by its name, in whatever folder on whatever system."""
    return re.compile(rf"(?:.*[/!\\])?(?:{pattern})", re.DOTALL)


def escapes(name: str) -> bool:
    """Whether unpacking under `name` could write outside of the folder, on any system."""
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or _DRIVE.match(name) is not None or "\0" in name
