"""Identity of work: the same source, model and listing are the same work, anything else is not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from registration.artifacts.store import Location
from registration.candidate import DropSource, JobSource, Source, work_key

NAMES = st.text(st.characters(codec="utf-8"), max_size=6)
JOBS = st.builds(JobSource, NAMES, NAMES, NAMES, NAMES)
DROPS = st.builds(DropSource, st.builds(Location, NAMES, NAMES, NAMES))
SOURCES = JOBS | DROPS
JOB = JobSource("/ws", "j1", "model", "")


@given(SOURCES, SOURCES)
def test_two_sources_share_work_only_if_they_are_one(first: Source, second: Source) -> None:
    keys = {work_key(source, model="m", fingerprint="f") for source in (first, second)}

    assert (len(keys) == 1) == (first == second)


@given(st.tuples(NAMES | st.none(), NAMES), st.tuples(NAMES | st.none(), NAMES))
def test_model_and_listing_tell_work_apart(first: tuple[str | None, str], second: tuple[str | None, str]) -> None:
    keys = {work_key(JOB, model=model, fingerprint=fingerprint) for model, fingerprint in (first, second)}

    assert (len(keys) == 1) == (first == second)


def test_a_key_is_the_same_in_every_process() -> None:
    key = work_key(JOB, model="churn", fingerprint="abc")

    assert key == "87b5315529568ab20df445ffbe32055cb33bb8391d78e8a8e13475485641cae1"


def test_a_new_epoch_is_new_work() -> None:
    keys = {work_key(JOB, model="churn", fingerprint="abc", epoch=epoch) for epoch in (0, 1)}

    assert len(keys) == 2


def test_a_source_reads_as_a_person_would_say_it() -> None:
    assert str(JOB) == "job j1, output model"
    assert str(JobSource("/ws", "j1", "model", "a/b.onnx")) == "job j1, output model, path a/b.onnx"
    assert str(DropSource(Location("acc", "incoming", "vendor-a/1"))) == "drop acc/incoming/vendor-a/1"
