"""``state verify``: equal to a replay, or what differs and status 1."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hcdv_stream.cli.main import app
from tests.worker.tampering import tamper
from tests.worker.test_partition import BUNDLE, Owner, log_of


class Installation:
    def __init__(self, directory: Path) -> None:
        self.bundle, self.state = directory / "bundle", directory / "state"
        BUNDLE.save(self.bundle)
        self.owner = Owner(self.state)
        self.owner.run(log_of(600))

    def verify(self, *arguments: str) -> Result:
        places = ["--state-dir", str(self.state), "--bundle", str(self.bundle)]
        return CliRunner().invoke(app, ["state", "verify", *places, *arguments])

    def report(self, *arguments: str) -> dict:
        done = self.verify("--json", *arguments)
        report = json.loads(done.stdout)
        assert report["intact"] == (done.exit_code == 0)
        return report


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def test_a_sound_state_equals_its_replay_also_beside_its_owner(installation: Installation) -> None:
    owner = installation.owner.open()
    (found,) = installation.report("--topic", "sessions")["partitions"]
    owner.close()
    assert found["mismatches"] == []
    assert found["next_offset"] == 600
    assert found["examples"] > 400
    assert min(found["updates"], found["leaves"], found["nodes"]) > 0
    done = installation.verify()
    assert (done.exit_code, "equal to a replay" in done.stdout) == (0, True)


def test_one_bit_in_each_leaf_is_found_and_named(installation: Installation) -> None:
    leaves = tamper(installation.owner.directory)
    (found,) = installation.report()["partitions"]
    named = {one["place"] for one in found["mismatches"] if "components differ" in one["detail"]}
    assert len(named) == leaves
    done = installation.verify()
    assert done.exit_code == 1
    assert "differs from a replay" in done.stdout
    assert "--json has them all" in done.stdout


def test_a_state_under_another_name_is_found(installation: Installation) -> None:
    copied = installation.owner.directory.with_name("3")
    shutil.copytree(installation.owner.directory, copied)
    sound, copy = installation.report()["partitions"]
    assert sound["mismatches"] == []
    assert copy["mismatches"] == [
        {"place": "identity", "detail": "the directory is that of partition 3: 0 is in it"}
    ]
    assert [one["partition"] for one in installation.report("--partition", "0")["partitions"]] == [
        0
    ]


def test_another_bundle_and_a_damaged_file_are_said(
    installation: Installation, tmp_path: Path
) -> None:
    replace(BUNDLE, tau=0.4).save(tmp_path / "other")
    (found,) = installation.report("--bundle", str(tmp_path / "other"))["partitions"]
    assert "was computed with the bundle" in found["mismatches"][0]["detail"]
    newest = max(installation.owner.directory.glob("*.log"), key=lambda path: path.stat().st_size)
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content)
    (found,) = installation.report()["partitions"]
    assert [one["place"] for one in found["mismatches"]] == ["state"]
    assert "move the directory away" in found["mismatches"][0]["detail"]


def test_no_state_is_said_with_the_fix(installation: Installation) -> None:
    for arguments in (["--topic", "clicks"], ["--partition", "7"]):
        done = installation.verify(*arguments)
        assert done.exit_code == 1
        assert "there is no state" in str(done.exception)
