"""Recording rules and alerts: parsed by promtool, each alert fires when it should and only then."""

import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from hcdv_stream.dashboards.__main__ import main
from hcdv_stream.dashboards.alerts import ALERTS
from hcdv_stream.dashboards.recordings import RECORDINGS
from hcdv_stream.dashboards.rules import Alert, Recording, custom_resource
from tests.dashboards.rule_files import FILES, committed, rules_of
from tests.deploy.programs import program
from tests.repository import ROOT

RULES = [rule for group in ALERTS for rule in group.rules if isinstance(rule, Alert)]
WORKER = 'job="hcdv-worker", instance="w:9108"'
API = 'job="hcdv-api", instance="a:8080"'
UP = {f"up{{{WORKER}}}": "1x600", f"up{{{API}}}": "1x600"}


@dataclass(frozen=True)
class Case:
    """Series of a value a minute, and what of an alert fires at a minute.

    ``summary`` is that of one of the alerts, to see that its template renders.
    """

    alert: str
    severity: str
    fires: bool
    series: dict[str, str]
    minute: int = 20
    about: str = ""
    summary: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        return f"{self.alert} {self.severity} {'fires' if self.fires else 'silent'} {self.about}"


def polls(slow: str, others: str) -> dict[str, str]:
    """So many slow polls, and others that were fast, since the start."""
    return {
        f'hcdv_update_latency_seconds_bucket{{{WORKER}, le="0.5"}}': others,
        f"hcdv_update_latency_seconds_count{{{WORKER}}}": slow,
    }


def lag(values: str) -> dict[str, str]:
    return {f'hcdv_consumer_lag_records{{{WORKER}, topic="t", partition="0"}}': values}


def flood(records: str) -> dict[str, str]:
    where = f'{WORKER}, topic="t", partition="0"'
    series = {
        f'hcdv_provider_records_total{{{where}, provider="x"}}': records,
        f'hcdv_provider_records_total{{{where}, provider="y"}}': "0+60x60",
    }
    return series | {f"hcdv_records_total{{{where}}}": "0+180x60"}


def doubted(doubtful: str, doubts: str, records: str = "0+120x60") -> dict[str, str]:
    """Doubtful sessions of the topic, and the sum of the doubts of provider x, which sends all."""
    where = f'{WORKER}, topic="t", partition="0"'
    provider = f'{where}, provider="x"'
    return {
        f'hcdv_doubtful_records_total{{{where}, label="buy"}}': doubtful,
        f'hcdv_label_records_total{{{where}, label="buy"}}': records,
        f"hcdv_records_total{{{where}}}": records,
        f"hcdv_provider_doubts_total{{{provider}}}": doubts,
        f"hcdv_provider_records_total{{{provider}}}": records,
    }


def overdue(seconds: str) -> dict[str, str]:
    where = f'{WORKER}, topic="t", partition="0"'
    return {f"hcdv_erasure_overdue_seconds{{{where}}}": seconds}


def letters(rejected: str, accepted: str) -> dict[str, str]:
    where = f'{WORKER}, topic="t", partition="0"'
    return {
        f'hcdv_dead_letters_total{{{where}, reason="not_json"}}': rejected,
        f"hcdv_records_total{{{where}}}": accepted,
    }


def residual(values: str) -> dict[str, str]:
    return {f'hcdv_efficiency_residual{{{WORKER}, topic="t", partition="0"}}': values}


def mismatches(values: str) -> dict[str, str]:
    return {f'hcdv_leaf_mismatches_total{{{WORKER}, topic="t", partition="0"}}': values}


def given_out(values: str) -> dict[str, str]:
    return {f"hcdv_group_assignments_total{{{WORKER}}}": values}


def looked_at(seconds: str, job: str = API) -> dict[str, str]:
    return {f"hcdv_api_look_age_seconds{{{job}}}": seconds}


def batch(seconds: str) -> dict[str, str]:
    return {f"hcdv_seconds_since_last_batch{{{WORKER}}}": seconds}


def stale(partitions: str) -> dict[str, str]:
    return {f"hcdv_api_stale_partitions{{{API}}}": partitions}


def ages(*partitions: str) -> dict[str, str]:
    return {
        f'hcdv_api_age_seconds{{{API}, partition="{number}"}}': seconds
        for number, seconds in enumerate(partitions)
    }


def silence(seconds: str) -> dict[str, str]:
    return {f"hcdv_broker_silence_seconds{{{WORKER}}}": seconds}


def late(in_time: str, all_of_them: str) -> dict[str, str]:
    return {
        f'hcdv_api_update_delay_seconds_bucket{{{API}, le="0.25"}}': in_time,
        f"hcdv_api_update_delay_seconds_count{{{API}}}": all_of_them,
    }


def answers(failed: str, others: str = "", route: str = "/v1/examples") -> dict[str, str]:
    return {
        f'hcdv_api_requests_total{{{API}, route="{route}", status="{status}"}}': values
        for status, values in (("500", failed), ("200", others))
        if values
    }


def missing(partitions: str, instance: str = "g:8090") -> dict[str, str]:
    where = f'job="hcdv-gateway", instance="{instance}"'
    return {f"hcdv_gateway_partitions_missing{{{where}}}": partitions}


def ratio(part: str, whole: str, values: str, labels: str = WORKER) -> dict[str, str]:
    """A share, in percent, of a whole of 100."""
    return {f"{part}{{{labels}}}": values, f"{whole}{{{labels}}}": "100x600"}


def disk(free: str) -> dict[str, str]:
    return ratio("hcdv_state_disk_free_bytes", "hcdv_state_disk_bytes", free)


def memory(used: str) -> dict[str, str]:
    names = ("hcdv_process_resident_memory_bytes", "hcdv_process_memory_limit_bytes")
    return ratio(*names, used, API)


def descriptors(used: str) -> dict[str, str]:
    return ratio("hcdv_process_open_fds", "hcdv_process_max_fds", used)


def held_back(values: str) -> dict[str, str]:
    return {f'hcdv_state_writes_held_back{{{WORKER}, topic="t", partition="0"}}': values}


def point_reads(fast: str, every: str, route: str = "/v1/examples/{id:path}") -> dict[str, str]:
    where = f'{API}, route="{route}"'
    return {
        f'hcdv_api_request_seconds_bucket{{{where}, le="0.02"}}': fast,
        f"hcdv_api_request_seconds_count{{{where}}}": every,
    }


def keeps_all(values: str) -> dict[str, str]:
    return {f'hcdv_topic_keeps_all{{{WORKER}, topic="t"}}': values}


def whole(values: str) -> dict[str, str]:
    return {f'hcdv_corpus_complete{{{WORKER}, topic="t", partition="0"}}': values}


def truncated(partitions: str) -> dict[str, str]:
    return {f"hcdv_api_truncated_partitions{{{API}}}": partitions}


def diverging(values: str, whose: str = 'label="buy"') -> dict[str, str]:
    name = "hcdv_provider_divergence_alarm" if "provider" in whose else "hcdv_divergence_alarm"
    return {f'{name}{{{WORKER}, topic="t", partition="0", {whose}}}': values}


def evaluators(values: str, examples: str = "9x30") -> dict[str, str]:
    where = f'{WORKER}, topic="t", partition="0", label="buy"'
    return {
        f"hcdv_validation_examples{{{where}}}": values,
        f"hcdv_validation_least{{{where}}}": "50x30",
        f"hcdv_label_examples{{{where}}}": examples,
    }


CRITICAL, WARNING = "critical", "warning"
GATEWAY = 'job="hcdv-gateway", instance="g:8090"'
CASES = [
    Case("WorkerDown", CRITICAL, True, UP | {f"up{{{WORKER}}}": "1x10 0x20"},
         summary="Worker w:9108 is down"),
    Case("WorkerDown", CRITICAL, True, {f"up{{{API}}}": "1x30"}, about="no target",
         summary="No worker runs"),
    Case("WorkerDown", CRITICAL, False, UP),
    Case("WorkerDown", CRITICAL, False, UP | {f"up{{{WORKER}}}": "1x19 0 1x10"}, about="a scrape"),
    Case("ConsumerLagGrowing", WARNING, True, lag("0+200x60"), 30,
         summary="6k records of t wait, and more and more"),
    Case("ConsumerLagGrowing", WARNING, False, lag("9000-100x60"), 30, "catching up"),
    Case("ConsumerLagGrowing", WARNING, False, lag("0+10x60"), 30, "less than a poll"),
    Case("ConsumerLagGrowing", WARNING, False, lag("5000x60"), 30, "not growing"),
    Case("UpdateLatencySLO", CRITICAL, True, polls("0+100x90", "0+80x90"), 80,
         summary="20% of the polls take longer than 0.5 s"),
    Case("UpdateLatencySLO", CRITICAL, False, polls("0+100x90", "0+95x90"), 80, "in budget"),
    Case("UpdateLatencySLO", CRITICAL, False,
         polls("0+100x90", "0+100x77 7705+5x12"), 80, "five minutes of an hour"),
    Case("UpdateLatencySLO", CRITICAL, False,
         polls("0+100x90", "0+50x60 3100+100x30"), 80, "over again"),
    Case("UpdateLatencySLO", WARNING, True, polls("0+100x70", "0+92x70"), 60,
         summary="8% of the polls take longer than 0.5 s"),
    Case("UpdateLatencySLO", WARNING, False, polls("0+100x70", "0+99x70"), 60, "in budget"),
    Case("EfficiencyViolated", CRITICAL, True, residual("1e-12x10 3e-9x20"),
         summary="Values of t/0 do not add up"),
    Case("EfficiencyViolated", CRITICAL, False, residual("9e-10x30")),
    Case("LeafMismatch", CRITICAL, True, mismatches("0x10 1x10"),
         summary="A leaf of t/0 differs from its replay"),
    Case("LeafMismatch", CRITICAL, True, mismatches("1x3 _x5 1x3 _x20"),
         about="found before the first look", summary="A leaf of t/0 differs from its replay"),
    Case("LeafMismatch", CRITICAL, False, mismatches("0x30")),
    Case("DeadLetters", WARNING, True, letters("0+5x30", "0+95x30"),
         summary="5% of the sessions of t are rejected"),
    Case("DeadLetters", WARNING, False, letters("0+1x30", "0+199x30"), about="one of 200"),
    Case("DeadLetters", WARNING, False, letters("0x30", "0x30"), about="nothing arrives"),
    Case("ProviderFlood", WARNING, True, flood("0+1x40 160+120x20"), 55,
         summary="x sends much more of t than it used to"),
    Case("ProviderFlood", WARNING, False, flood("0+120x60"), 55, "as ever"),
    Case("DoubtRises", WARNING, True, doubted("0+6x40 240+60x20", "0+12x60"), 55,
         summary="More labels of t are probably wrong than used to be"),
    Case("DoubtRises", WARNING, False, doubted("0+30x60", "0+12x60"), 55, "as ever"),
    Case("DoubtRises", WARNING, False, doubted("0x60", "0x60"), 55, "no doubt model"),
    Case("ProviderDoubtRises", WARNING, True, doubted("0+6x60", "0+12x40 480+60x20"), 55,
         summary="Labels of x in t are doubted more than they were"),
    Case("ProviderDoubtRises", WARNING, False, doubted("0+6x60", "0+40x60"), 55, "as ever"),
    Case("ProviderDoubtRises", WARNING, False,
         doubted("0+0.1x60", "0+0.2x40 8+1x20", "0+2x60"), 55, "two sessions a minute"),
    Case("EvaluatorsShort", CRITICAL, True, evaluators("60x10 0x20"),
         summary="V has no evaluators of class buy in t/0"),
    Case("EvaluatorsShort", CRITICAL, False, evaluators("0x30", "0x30"), about="no examples"),
    Case("EvaluatorsShort", WARNING, True, evaluators("60x10 49x20"),
         summary="V has only 49 evaluators of class buy in t/0"),
    Case("EvaluatorsShort", WARNING, False, evaluators("50x30"), about="enough"),
    Case("ValidationDiverges", WARNING, True, diverging("0x10 1x20"),
         summary="Sessions labelled buy in t/0 diverge from V"),
    Case("ValidationDiverges", WARNING, True, diverging("1x30", 'label=""'), about="all of them",
         summary="Sessions in t/0 diverge from V"),
    Case("ValidationDiverges", WARNING, False, diverging("0x5 1x5 0x20"), about="over again"),
    Case("ProviderDiverges", WARNING, True, diverging("1x30", 'provider="acme"'),
         summary="Sessions of acme in t/0 diverge from V"),
    Case("ProviderDiverges", WARNING, False, diverging("1x30"), about="a class"),
    Case("ErasureOverdue", CRITICAL, True, overdue("0+60x40"), 30,
         summary="Deleted examples of t/0 are still in its files"),
    Case("ErasureOverdue", CRITICAL, False, overdue("0+10x40"), 30, "soon"),
    Case("TopicRetention", WARNING, True, keeps_all("1x5 0x25"),
         summary="Topic t does not keep all records"),
    Case("TopicRetention", WARNING, False, keeps_all("1x30")),
    Case("RebalanceStorm", WARNING, True, given_out("0+1x40"), 30,
         summary="The consumer group of w:9108 does not settle"),
    Case("RebalanceStorm", WARNING, False, given_out("1x10 2x2 4x28"), 30, "a rolling restart"),
    Case("BrokerSilent", CRITICAL, True, silence("0+60x30"),
         summary="No broker has answered w:9108 for 20m 0s"),
    Case("BrokerSilent", CRITICAL, False, silence("1x20 40 1x9"), about="a short outage"),
    Case("StaleValues", CRITICAL, True, looked_at("0+60x30"), about="not looked at",
         summary="Values at a:8080 stand still since 20m 0s"),
    Case("StaleValues", CRITICAL, True, looked_at("0x30") | batch("0+60x30") | lag("5x30"),
         about="sessions wait", summary="Values at w:9108 stand still since 20m 0s"),
    Case("StaleValues", CRITICAL, False, batch("0+60x30") | lag("0x30"), about="idle"),
    Case("StaleValues", CRITICAL, False, batch("1x30") | lag("900x30"), about="busy"),
    Case("StaleValues", CRITICAL, False, looked_at("0+60x30", GATEWAY), about="a gateway"),
    Case("StaleValues", WARNING, True, late("0+8x40", "0+10x40"), 30,
         summary="20% of the updates are visible later than 250 ms"),
    Case("StaleValues", WARNING, False, late("0+99x40", "0+100x40"), 30),
    Case("PartitionsStale", CRITICAL, True, stale("0x10 2x20"),
         summary="Nobody keeps 2 partitions at a:8080 current"),
    Case("PartitionsStale", CRITICAL, False, stale("0x30")),
    Case("PartitionsStale", CRITICAL, False, stale("0x18 1 0x12"), about="a restart"),
    Case("AnswersOld", WARNING, True, ages("0+60x30", "1x30"),
         summary="Answers at a:8080 were last up to date 20m 0s ago"),
    Case("AnswersOld", WARNING, False, ages("1x15 30x10 1x10", "1x30")),
    Case("ApiDown", CRITICAL, True, UP | {f"up{{{API}}}": "1x10 0x20"}, summary="a:8080 is down"),
    Case("ApiDown", CRITICAL, True, {f"up{{{WORKER}}}": "1x30"}, about="no target",
         summary="No API runs"),
    Case("ApiDown", CRITICAL, True, UP | {f"up{{{GATEWAY}}}": "0x30"}, about="the gateway",
         summary="g:8090 is down"),
    Case("ApiDown", CRITICAL, False, UP | {f"up{{{GATEWAY}}}": "1x30"}),
    Case("PartitionsMissing", CRITICAL, True, missing("0x10 2x20") | missing("0x10 2x20", "h:8090"),
         summary="Partitions that nobody serves: 2"),
    Case("PartitionsMissing", CRITICAL, True, missing("0x30") | missing("0x10 1x20", "h:8090"),
         about="one of two gateways", summary="Partitions that nobody serves: 1"),
    Case("PartitionsMissing", CRITICAL, False, missing("0x30")),
    Case("PartitionsMissing", CRITICAL, False, missing("0x18 2 0x12"), about="a restart"),
    Case("TruncatedCorpus", CRITICAL, True, whole("1x10 0x20"),
         summary="Partition 0 lacks the beginning of the log"),
    Case("TruncatedCorpus", CRITICAL, True, truncated("0x10 1x20"), about="in answers",
         summary="Answers lack the beginning of the log"),
    Case("TruncatedCorpus", CRITICAL, False, whole("1x30") | truncated("0x30")),
    Case("ApiErrors", WARNING, True, answers("0+3x30", "0+97x30"),
         summary="3% of the requests to hcdv-api fail"),
    Case("ApiErrors", WARNING, True, answers("0+5x30"), about="every one of them",
         summary="100% of the requests to hcdv-api fail"),
    Case("ApiErrors", WARNING, False, answers("0+1x30", "0+999x30")),
    Case("ApiErrors", WARNING, False,
         answers("0+9x30", "0+1x30", "/readyz") | answers("0x30", "0+9x30"), about="a probe"),
    Case("DiskSpaceLow", WARNING, True, disk("50x10 8x20"),
         summary="8% of the disk of w:9108 is free"),
    Case("DiskSpaceLow", WARNING, False, disk("11x30")),
    Case("DiskSpaceLow", CRITICAL, True, disk("8x10 2x20"),
         summary="2% of the disk of w:9108 is free"),
    Case("DiskSpaceLow", CRITICAL, False, disk("8x30"), about="little"),
    Case("WritesHeldBack", WARNING, True, held_back("0x10 1x20"),
         summary="RocksDB holds back the writes of t/0"),
    Case("WritesHeldBack", WARNING, False, held_back("0x17 1 0x20"), about="for a moment"),
    Case("MemoryNearLimit", WARNING, True, memory("50x10 93x20"),
         summary="a:8080 takes 93% of its memory limit"),
    Case("MemoryNearLimit", WARNING, False, memory("85x30")),
    Case("DescriptorsNearLimit", WARNING, True, descriptors("20x10 85x20"),
         summary="w:9108 has 85% of its descriptors open"),
    Case("DescriptorsNearLimit", WARNING, False, descriptors("70x30")),
    Case("PointReadsSLO", CRITICAL, True, point_reads("0+80x90", "0+100x90"), 80,
         summary="20% of the point reads at hcdv-api take longer than 20 ms"),
    Case("PointReadsSLO", CRITICAL, False, point_reads("0+95x90", "0+100x90"), 80, "in budget"),
    Case("PointReadsSLO", CRITICAL, False,
         point_reads("0+10x90", "0+100x90", "/v1/providers")
         | point_reads("0+100x90", "0+100x90"), 80, "other routes"),
    Case("PointReadsSLO", WARNING, True, point_reads("0+92x70", "0+100x70"), 60,
         summary="8% of the point reads at hcdv-api take longer than 20 ms"),
    Case("PointReadsSLO", WARNING, False, point_reads("0+99x70", "0+100x70"), 60, "in budget"),
    Case("ApiAvailabilitySLO", CRITICAL, True, answers("0+20x90", "0+980x90"), 80,
         summary="2% of the requests to hcdv-api fail, over an hour and more"),
    Case("ApiAvailabilitySLO", CRITICAL, False, answers("0+1x90", "0+999x90"), 80, "in budget"),
    Case("ApiAvailabilitySLO", WARNING, True, answers("0+8x70", "0+992x70"), 60,
         summary="0.8% of the requests to hcdv-api fail, over an hour and more"),
    Case("ApiAvailabilitySLO", WARNING, False, answers("0+1x70", "0+999x70"), 60, "in budget"),
    Case("ApiKeysUnusable", CRITICAL, True, {f"hcdv_api_keys_usable{{{API}}}": "1x10 0x20"},
         summary="a:8080 refuses every key"),
    Case("ApiKeysUnusable", CRITICAL, False, {f"hcdv_api_keys_usable{{{API}}}": "1x10 0 1x20"},
         about="an edit"),
]  # fmt: skip


OPPOSITE = "1 - "
"""What an expression begins with that must not have the value that is expected of it."""


def promtool(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [program("promtool"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def rendered(case: Case) -> dict[str, Any]:
    """The case as promtool's ``test rules`` reads it, and beside it what must fail.

    That is the opposite, which shows that the case can fail; and, where something fires, that
    nothing does: promtool then says what.
    """
    labels = f'alertname="{case.alert}", severity="{case.severity}", alertstate="firing"'
    firing = f"count(ALERTS{{{labels}}}) or vector(0)"
    count = {"labels": "{}", "value": int(case.fires)}
    test: dict[str, Any] = {
        "name": case.name,
        "interval": "1m",
        "input_series": [
            {"series": name, "values": values} for name, values in case.series.items()
        ],
        "promql_expr_test": [
            {"expr": expression, "eval_time": f"{case.minute}m", "exp_samples": [count]}
            for expression in (firing, f"{OPPOSITE}({firing})")
        ],
    }
    if case.fires:
        test["alert_rule_test"] = [{"eval_time": f"{case.minute}m", "alertname": case.alert}]
    return test


def examined(directory: Path, cases: list[Case]) -> subprocess.CompletedProcess[str]:
    """Let promtool run these cases, each on the rules of its alert."""
    # In order, so that alerts see what the recording rules of the same minute gave.
    order = [RECORDINGS.name, *(group.name for group in ALERTS)]
    files = []
    for alert in dict.fromkeys(case.alert for case in cases):
        rules = directory / f"{alert}.rules.yml"
        rules.write_text(json.dumps(rules_of(alert)))
        files.append(directory / f"{alert}.tests.yml")
        files[-1].write_text(
            json.dumps(
                {
                    "rule_files": [str(rules)],
                    "evaluation_interval": "1m",
                    "group_eval_order": order,
                    "tests": [rendered(case) for case in cases if case.alert == alert],
                }
            )
        )
    return promtool("test", "rules", *files)


def test_promtool_checks_them() -> None:
    checked = promtool("check", "rules", "--lint=all", "--lint-fatal", *FILES)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert len(FILES) == 2


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What promtool says of all cases, and of their opposites, in one run."""
    done = examined(tmp_path_factory.mktemp("rules"), CASES)
    return done.stdout + done.stderr


def test_every_alert_fires_and_stays_silent_in_its_cases(failures: str) -> None:
    assert 'expr: "count(' not in failures
    assert failures.count(f'expr: "{OPPOSITE}(count(') == len(CASES)


def test_every_alert_has_cases_of_both_kinds() -> None:
    named = {(rule.name, rule.severity) for rule in RULES}
    for fires in (True, False):
        assert {(case.alert, case.severity) for case in CASES if case.fires is fires} == named
    assert {rule.name for rule in RULES} >= {
        "WorkerDown",
        "ConsumerLagGrowing",
        "UpdateLatencySLO",
        "StaleValues",
        "EfficiencyViolated",
        "DeadLetters",
        "RebalanceStorm",
        "BrokerSilent",
    }


def test_every_case_can_fail_and_summaries_have_the_values_in_them(failures: str) -> None:
    fired = [case for case in CASES if case.fires]
    assert failures.count("exp:") == len(CASES) + len(fired)
    for case in fired:
        assert f'summary="{case.summary}"' in failures, case.name


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.name} {rule.severity}")
def test_every_alert_says_what_to_do(rule: Alert) -> None:
    page, _, anchor = rule.runbook().partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.MULTILINE)
    assert rule.name in headings
    assert anchor == rule.name.lower()
    assert rule.description.endswith(".")
    assert not rule.summary.endswith(".")


def test_recorded_names_say_level_metric_and_operation() -> None:
    for rule in RECORDINGS.rules:
        assert isinstance(rule, Recording)
        assert re.fullmatch(r"[a-z_]+:hcdv_[a-z_]+:[a-z0-9_]+", rule.name)
        level = set(rule.name.partition(":")[0].split("_"))
        for group in re.findall(r"by \(([^)]*)\)", rule.expression):
            assert set(group.split(", ")) - {"le"} == level


def test_the_operators_resource_holds_the_same_rules() -> None:
    resource = yaml.safe_load(custom_resource([RECORDINGS, *ALERTS]))
    assert resource["spec"]["groups"] == committed()
    assert resource["kind"] == "PrometheusRule"


def test_the_address_of_the_runbooks_can_be_chosen(tmp_path: Path) -> None:
    main(["--out", str(tmp_path), "--runbooks", "https://wiki.example/operations"])
    written = yaml.safe_load((tmp_path / "prometheus" / "hcdv-alerts.yml").read_text())
    urls = [
        rule["annotations"]["runbook_url"] for group in written["groups"] for rule in group["rules"]
    ]
    assert urls == [rule.runbook("https://wiki.example/operations") for rule in RULES]
    assert urls[0] == "https://wiki.example/operations#workerdown"
    assert len(list((tmp_path / "grafana").glob("*.json"))) == 3
