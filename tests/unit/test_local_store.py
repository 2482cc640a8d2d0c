"""A local folder as a store: what is listed is what is read, and links are not followed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from registration.artifacts.local import HERE, LocalStore
from registration.errors import ArtifactChangedError, InputError

if TYPE_CHECKING:
    from pathlib import Path

DATA = b"0123456789"


def stored(folder: Path, *paths: str) -> LocalStore:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(DATA)
    return LocalStore(folder)


def test_every_file_is_listed_by_its_relative_path(tmp_path: Path) -> None:
    store = stored(tmp_path, "b", "a/c/d", "ö 1")

    assert [(file.path, file.size) for file in store.files(HERE)] == [("a/c/d", 10), ("b", 10), ("ö 1", 10)]


def test_a_single_file_is_listed_by_its_name(tmp_path: Path) -> None:
    store = stored(tmp_path, "a/model.pkl", "b")

    assert [file.path for file in store.files(HERE / "a/model.pkl")] == ["model.pkl"]
    assert list(store.files(HERE / "nowhere")) == []


@pytest.mark.parametrize(("offset", "length"), [(0, 10), (3, 4), (8, 9), (10, 1), (50, 1), (0, 0)])
def test_a_range_is_those_bytes(tmp_path: Path, offset: int, length: int) -> None:
    store = stored(tmp_path, "a")
    (file,) = store.files()

    assert store.range(file, offset=offset, length=length) == DATA[offset : offset + length]
    assert b"".join(store.chunks(file)) == DATA


def test_a_file_written_after_the_listing_is_not_read(tmp_path: Path) -> None:
    store = stored(tmp_path, "a")
    (file,) = store.files()
    (tmp_path / "a").write_bytes(DATA)
    os.utime(tmp_path / "a", ns=(1, 1))

    with pytest.raises(ArtifactChangedError, match="not the file that was listed"):
        store.range(file, offset=0, length=1)


def test_a_file_removed_after_the_listing_is_not_read(tmp_path: Path) -> None:
    store = stored(tmp_path, "a")
    (file,) = store.files()
    (tmp_path / "a").unlink()

    with pytest.raises(ArtifactChangedError, match="not there any more"):
        list(store.chunks(file))


@pytest.mark.parametrize("target", ["a", "folder", "/", "nowhere"])
def test_a_link_is_refused(tmp_path: Path, target: str) -> None:
    store = stored(tmp_path, "a", "folder/b")
    (tmp_path / "link").symlink_to(target)

    with pytest.raises(InputError, match="link"):
        list(store.files())
