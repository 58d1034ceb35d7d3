"""The name under which a worker's partitions are kept, and a disk that does not take it."""

import errno
import os

import pytest

from hcdv_stream.settings import load_settings
from hcdv_stream.worker.kafka import instance_id
from hcdv_stream.worker.kafka.instance_id import Instance, InstanceError


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "because the disk is full: free some space and restart"),
        (errno.EACCES, "because this user lacks the right to: give the directory"),
        (errno.EROFS, "because the file system is read-only: mount it for writing"),
    ],
)
def test_the_cause_is_named(tmp_path, monkeypatch, number, sentence):
    def full(_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(instance_id, "make_private", full)
    with pytest.raises(InstanceError, match=sentence):
        Instance.take(load_settings(topic="t", state_dir=tmp_path))
