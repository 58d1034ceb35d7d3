"""``doctor``: what is sound, what is not, and whether each failure says the fix."""

import json
import socket
import stat
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.errors import KafkaConnectionError
from typer.testing import CliRunner

from hcdv_stream.broker.embedded import free_port
from hcdv_stream.broker.topics import Topic, create_topics
from hcdv_stream.cli.main import app
from hcdv_stream.doctor.check import refused
from hcdv_stream.doctor.state import StoredPartitionFacts, check_states
from hcdv_stream.doctor.validation import check_validation
from hcdv_stream.errors import HcdvError
from hcdv_stream.settings import load_settings
from hcdv_stream.state.identity import Identity
from hcdv_stream.state.lock import lock_holder
from hcdv_stream.state.log_identity import LogIdentity
from hcdv_stream.state.permissions import make_private
from hcdv_stream.state.store import PartitionStore
from hcdv_stream.state.stored import Position
from hcdv_stream.valuation.engine import Engine
from hcdv_stream.valuation.state import Delta
from tests.api.world import diverging_owner
from tests.worker.harness import small_bundle

BUNDLE = small_bundle()


class Installation:
    """What the doctor looks at, as environment and as directories."""

    def __init__(self, directory, monkeypatch, bootstrap, topic, partitions):
        self.state = directory / "state"
        self.topic = topic
        settings = {
            "BOOTSTRAP": bootstrap,
            "TOPIC": topic,
            "PARTITIONS": partitions,
            "BUNDLE": directory / "bundle",
            "STATE_DIR": self.state,
            "API_PORT": free_port(),
            "METRICS_PORT": free_port(),
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"HCDV_{name}", str(value))

    def examined(self, *arguments):
        """Exit status and checks by name."""
        done = CliRunner().invoke(app, ["doctor", "--json", *map(str, arguments)])
        report = json.loads(done.stdout)
        assert report["healthy"] == (done.exit_code == 0)
        assert all(check["fix"] for check in report["checks"] if check["status"] == "failed")
        return done.exit_code, {check["name"]: check for check in report["checks"]}

    def store(self, number=0, next_offset=3, log=None, **changes):
        """Write a state of the partition and leave it open."""
        settings = load_settings()
        identity = Identity(
            self.topic,
            number,
            BUNDLE.checksum,
            BUNDLE.classes,
            tuple(BUNDLE.validation.counts(2).tolist()),
            settings.engine(BUNDLE.tau),
        )
        store = PartitionStore.open(
            self.state / self.topic / str(number),
            identity=replace(identity, **changes),
            log=log,
            accept_truncated=True,
        )
        engine = Engine.from_seed(identity.engine, 2, BUNDLE.validation, BUNDLE.seed)
        state = engine.state()
        position = Position(next_offset, next_offset, 0.0, 0.0, 0.0)
        store.write(Delta(state.header, state.nodes, state.leaves), position)
        return store


@pytest.fixture
def installation(tmp_path, monkeypatch, bootstrap, topic):
    BUNDLE.save(tmp_path / "bundle")
    return Installation(tmp_path, monkeypatch, bootstrap, topic, 1)


@pytest.mark.broker
def test_a_sound_installation(installation):
    code, checks = installation.examined()
    assert code == 0, checks
    assert {check["status"] for check in checks.values()} == {"ok", "skipped"}
    assert "6 features" in checks["bundle"]["detail"]
    assert not installation.state.exists(), "it only looks"


@pytest.mark.broker
def test_people_get_lines(installation):
    done = CliRunner().invoke(app, ["doctor", "--topic", "nowhere"])
    assert done.exit_code == 1
    assert "✓ broker: answers at" in done.stdout
    assert "✗ topic: there is no topic 'nowhere'\n  fix: run `hcdv-stream topics create`" in (
        done.stdout
    )


@pytest.mark.broker
def test_topics_that_are_missing_or_of_another_size(installation, wide_topic):
    code, checks = installation.examined("--topic", wide_topic)
    assert code == 1
    assert "has 4 partitions, HCDV_PARTITIONS says 1" in checks["topic"]["detail"]
    assert "HCDV_PARTITIONS=4" in checks["topic"]["fix"]


@pytest.mark.broker
def test_a_bundle_that_is_missing_or_damaged(installation, tmp_path):
    code, checks = installation.examined("--bundle", tmp_path / "nothing")
    assert code == 1
    assert "hcdv-stream train" in checks["bundle"]["fix"]
    (tmp_path / "bundle" / "validation.npz").write_bytes(b"x")
    assert installation.examined()[1]["bundle"]["status"] == "failed"


@pytest.mark.broker
def test_a_utility_that_names_no_class(installation, monkeypatch):
    monkeypatch.setenv("HCDV_UTILITY", "class:maybe")
    code, checks = installation.examined()
    assert code == 1
    assert "'maybe'" in checks["bundle"]["detail"]
    assert "HCDV_UTILITY" in checks["bundle"]["fix"]


@pytest.mark.broker
def test_a_state_that_fits_and_who_owns_it(installation, bootstrap):
    send(bootstrap, installation.topic, 5)
    with installation.store(next_offset=3):
        code, checks = installation.examined()
    assert code == 0, checks
    assert checks["state of partition 0"]["detail"] == "0 records applied, owned by nobody now"
    assert checks["offsets"]["detail"] == "every state meets its log"
    assert checks["records"]["detail"] == "2 records wait"


@pytest.mark.broker
def test_a_state_at_the_end_of_a_log_of_batches(installation, bootstrap):
    send(bootstrap, installation.topic, 50, at_once=True)
    installation.store(next_offset=50).close()
    code, checks = installation.examined()
    assert code == 0, checks
    assert checks["offsets"]["detail"] == "every state meets its log"
    assert checks["records"]["detail"] == "0 records wait"


@pytest.mark.broker
def test_a_state_of_another_bundle_or_of_other_parameters(installation, monkeypatch):
    installation.store(bundle="0" * 64).close()
    code, checks = installation.examined()
    assert code == 1
    assert "bundle was" in checks["state of partition 0"]["detail"]
    monkeypatch.setenv("HCDV_NEIGHBOURS", "7")
    assert (
        "neighbours was 5 and is now 7"
        in (installation.examined()[1]["state of partition 0"]["detail"])
    )


@pytest.mark.broker
def test_a_state_ahead_of_its_log(installation, bootstrap):
    send(bootstrap, installation.topic, 5)
    installation.store(next_offset=9).close()
    code, checks = installation.examined()
    assert code == 1
    assert "goes on at 9, but its log ends at 5" in checks["offsets"]["detail"]


@pytest.mark.broker
def test_a_state_of_a_partition_that_the_topic_does_not_have(installation):
    installation.store(number=3).close()
    code, checks = installation.examined()
    assert code == 1
    assert "only 1 partitions" in checks["state of partition 3"]["detail"]


@pytest.mark.broker
def test_a_place_that_cannot_hold_state(installation, tmp_path):
    (tmp_path / "file").write_text("x")
    code, checks = installation.examined("--state-dir", tmp_path / "file" / "state")
    assert code == 1
    assert checks["state directory"]["status"] == "failed"


@pytest.mark.broker
def test_ports_that_others_listen_on(installation, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setenv("HCDV_API_PORT", str(port))
        code, checks = installation.examined()
    assert code == 1
    assert f"127.0.0.1:{port}" in checks["API port"]["detail"]
    assert "HCDV_API_PORT" in checks["API port"]["fix"]


@pytest.mark.broker
def test_a_port_where_one_of_ours_answers(installation, monkeypatch):
    class Metrics(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hcdv_examples 1\n")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Metrics) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            monkeypatch.setenv("HCDV_METRICS_PORT", str(server.server_port))
            code, checks = installation.examined()
        finally:
            server.shutdown()
            thread.join()
    assert code == 0, checks
    assert "an hcdv-stream process answers" in checks["metrics port"]["detail"]


@pytest.mark.broker
def test_a_state_of_a_topic_that_was_made_anew(installation):
    log = LogIdentity("00000000-0000-4000-8000-000000000001", 1, 0, complete=True)
    installation.store(log=log).close()
    code, checks = installation.examined()
    assert code == 1
    assert "its id was 00000000-0000-4000-8000-000000000001 and is now" in checks["log"]["detail"]
    assert "HCDV_STATE_DIR" in checks["log"]["fix"]


@pytest.mark.broker
def test_a_state_of_a_topic_whose_partitions_were_added(installation):
    installation.store(log=LogIdentity(None, 3, 0, complete=True)).close()
    code, checks = installation.examined()
    assert code == 1
    assert "has 1 partitions and the state was computed with 3" in checks["log"]["detail"]
    assert "topics repartition" in checks["log"]["fix"]


@pytest.mark.broker
def test_a_truncated_state(installation, bootstrap, monkeypatch):
    send(bootstrap, installation.topic, 5)
    installation.store(log=LogIdentity(None, 1, 2, complete=False)).close()
    for setting in ("refuse", "accept"):
        monkeypatch.setenv("HCDV_TRUNCATED_LOG", setting)
        code, checks = installation.examined()
        assert code == 1
        assert "missing, partition 0 at offset 2" in checks["log"]["detail"]


@pytest.mark.broker
def test_a_log_without_its_beginning(installation, bootstrap):
    send(bootstrap, installation.topic, 5)
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        admin.delete_records({TopicPartition(installation.topic, 0): 3})
    except KafkaConnectionError:
        pytest.skip("Tansu cannot delete records")
    finally:
        admin.close()
    code, checks = installation.examined()
    assert code == 1
    assert "missing, partition 0 at offset 3" in checks["log"]["detail"]


@pytest.mark.broker
@pytest.mark.parametrize(
    ("config", "status", "words"),
    [
        ({"retention.ms": "3600000", "retention.bytes": "-1"}, "failed", "retention.ms=3600000"),
        ({"retention.ms": "-1", "retention.bytes": "1048576"}, "failed", "retention.bytes=1048576"),
        ({"cleanup.policy": "compact"}, "ok", "is compacted"),
        ({"retention.ms": "-1", "retention.bytes": "-1"}, "ok", "keeps all records"),
    ],
)
def test_what_the_topic_deletes(installation, bootstrap, config, status, words):
    topic = f"{installation.topic}-{words.split('=')[0].replace(' ', '-')}"
    create_topics(bootstrap, [Topic(topic, 1, 1, {"cleanup.policy": "delete", **config})])
    check = installation.examined("--topic", topic)[1]["retention"]
    assert check["status"] == status
    assert words in check["detail"]
    assert status == "ok" or "retention.ms=-1" in check["fix"]


@pytest.mark.broker
def test_a_broker_that_does_not_say_what_it_deletes_is_no_failure(installation, bootstrap):
    create_topics(bootstrap, [Topic(f"{installation.topic}-plain", 1)])
    check = installation.examined("--topic", f"{installation.topic}-plain")[1]["retention"]
    if "does not say" not in check["detail"]:  # Kafka tells its defaults, which delete after a week
        assert "retention.ms=604800000" in check["detail"]
    else:
        assert check["status"] == "ok"


@pytest.mark.broker
@pytest.mark.parametrize("bundled", [True, False])
def test_a_state_in_another_partition_s_place(installation, wide_topic, monkeypatch, bundled):
    monkeypatch.setenv("HCDV_TOPIC", wide_topic)
    installation.topic = wide_topic
    installation.store(number=0).close()
    place = installation.state / wide_topic
    (place / "0").rename(place / "2")
    arguments = () if bundled else ("--bundle", place / "none")
    code, checks = installation.examined(*arguments)
    assert code == 1
    check = checks["state of partition 2"]
    assert check["status"] == "failed"
    assert f"holds the state of partition 0 of topic '{wide_topic}'" in check["detail"]
    assert "move it away" in check["fix"] + check["detail"]


def test_without_a_broker_the_rest_is_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr("hcdv_stream.doctor.broker._REACH_SECONDS", 0.2)
    BUNDLE.save(tmp_path / "bundle")
    installation = Installation(tmp_path, monkeypatch, f"127.0.0.1:{free_port()}", "sessions", 4)
    code, checks = installation.examined()
    assert code == 1
    assert checks["broker"]["fix"].startswith("start the broker")
    assert checks["topic"]["status"] == "skipped"
    assert checks["bundle"]["status"] == "ok"


def test_the_holder_of_a_lock_is_found_without_taking_it(tmp_path):
    import fcntl
    import subprocess
    import sys

    lock = tmp_path / "LOCK"
    assert lock_holder(lock) is None
    lock.touch()
    assert lock_holder(lock) is None
    hold = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.lockf(f, fcntl.LOCK_EX);"
    hold += "print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        holder.stdout.readline()
        assert lock_holder(lock) == holder.pid
        holder.stdin.close()
    with lock.open("w") as file:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize(
    ("sentence", "detail", "fix"),
    [
        ("it is so: do this", "it is so", "do this"),
        ("it is so (a; b): do this", "it is so (a; b)", "do this"),
        ("there: it is so; do this", "there: it is so", "do this"),
        ("it is so", "it is so", ""),
    ],
)
def test_an_error_of_ours_is_what_is_wrong_and_the_fix(sentence, detail, fix):
    check = refused("x", HcdvError(sentence))
    assert (check.detail, check.fix) == (detail, fix)


def test_a_directory_without_the_right_to_write_is_told(tmp_path, monkeypatch):
    from hcdv_stream.doctor.state import check_directory

    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(stat.S_IRUSR | stat.S_IXUSR)
    monkeypatch.setattr("os.access", lambda path, _: Path(path) != closed)  # root may always write
    check = check_directory(load_settings(state_dir=closed / "state"))
    assert check.status == "failed"
    assert str(closed) in check.detail
    assert "HCDV_STATE_DIR" in check.fix


def send(bootstrap, topic, count, at_once=False):
    producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=50 if at_once else 0)
    try:
        sent = []
        for number in range(count):
            sent.append(producer.send(topic, key=b"k", value=b"%d" % number))
            if not at_once:
                sent[-1].get(timeout=10)
        for future in sent:
            future.get(timeout=10)
    finally:
        producer.close()


def test_directories_that_others_may_enter_are_a_warning(tmp_path):
    from hcdv_stream.doctor.state import check_privacy

    settings = load_settings(state_dir=tmp_path / "state", topic="sessions")
    directory = settings.state_dir / settings.topic / "2"
    assert check_privacy(settings) == []
    make_private(directory)
    assert check_privacy(settings) == []
    directory.chmod(0o750)
    (found,) = check_privacy(settings)
    assert (found.status, found.fix) == ("warning", f"chmod 700 {directory}")
    assert f"others than their owner may enter {directory}" in found.detail
    settings.state_dir.chmod(0o755)
    (found,) = check_privacy(settings)
    assert found.fix == f"chmod 700 {settings.state_dir} {directory}"
    assert "and 1 more" in found.detail


def test_a_stale_or_diverging_v_is_told():
    def told(settings=None, **facts):
        stored = StoredPartitionFacts(None, 5, **facts)
        return check_validation(settings or load_settings(), {2: stored})

    assert told() == []
    (sound,) = told(validation_age=3 * 86_400.0)
    assert sound.status == "ok"
    assert "3.0 days" in sound.detail
    (stale,) = told(validation_age=45 * 86_400.0)
    assert stale.status == "warning"
    assert "V stays as it is and its newest evaluator is 45.0 days older" in stale.detail
    assert "HCDV_TRUSTED_MARK" in stale.fix
    (moving,) = told(load_settings(trusted_mark=True), validation_age=45 * 86_400.0)
    assert "V moves" in moving.detail
    (diverging,) = told(validation_age=60.0, diverging=("class yes", "provider acme"))
    assert diverging.status == "warning"
    assert "class yes of partition 2, provider acme of partition 2" in diverging.detail
    short, old = told(validation_age=45 * 86_400.0, short=("0 of class yes",))
    assert (short.status, short.name) == ("warning", "evaluators")
    assert "V has only 0 of class yes in partition 2: " in short.detail
    assert old.name == "validation set"


def test_the_state_tells_age_and_alarms_of_v(tmp_path):
    owner = diverging_owner(tmp_path)
    settings = load_settings(state_dir=tmp_path, topic="sessions")
    _, found = check_states(settings, None, 0)
    owner.store.close()
    assert found[0].validation_age == pytest.approx(199.0)
    assert found[0].diverging[0] == "all sessions"
    assert "provider seller-0" in found[0].diverging
