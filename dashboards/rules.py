"""Prometheus' recording rules and alerts, and the files that hold them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import indent
from typing import Literal

RUNBOOKS = "docs/operations.md"
"""Where every alert has a section of its name; the option ``--runbooks`` sets another."""


Severity = Literal["critical", "warning"]


@dataclass(frozen=True, slots=True)
class Recording:
    """An expression that is kept under a name of its own: LEVEL:METRIC:OPERATION."""

    name: str
    expression: str

    def lines(self, runbooks: str) -> list[str]:
        """Return the rule as lines of YAML."""
        return [f"- record: {self.name}", "  expr: |-", indent(self.expression, "    ")]


@dataclass(frozen=True, slots=True)
class Condition:
    """What is measured, always there, and the ``form`` in which it is wrong: ``{} > 3``."""

    measure: str
    form: str

    def __str__(self) -> str:
        return self.form.format(self.measure)


@dataclass(frozen=True, slots=True)
class Alert:
    """Fires where all conditions of any of its ``cases`` have held for as long as ``hold`` says."""

    name: str
    cases: Sequence[Sequence[Condition]]
    hold: str
    severity: Severity
    summary: str
    description: str

    @property
    def expression(self) -> str:
        """All conditions in one; ``and`` binds more tightly than ``or``."""
        return "\nor ".join("\nand ".join(map(str, case)) for case in self.cases)

    @property
    def measures(self) -> list[str]:
        """What is measured, each of which is there while all is well."""
        return [condition.measure for case in self.cases for condition in case]

    def runbook(self, runbooks: str = RUNBOOKS) -> str:
        """Where it is written what to do."""
        return f"{runbooks}#{self.name.lower()}"

    def lines(self, runbooks: str) -> list[str]:
        """Return the rule as lines of YAML."""
        return [
            f"- alert: {self.name}",
            "  expr: |-",
            indent(self.expression, "    "),
            f"  for: {self.hold}",
            f"  labels: {{severity: {self.severity}}}",
            "  annotations:",
            f"    summary: {_quoted(self.summary)}",
            f"    description: {_quoted(self.description)}",
            f"    runbook_url: {_quoted(self.runbook(runbooks))}",
        ]


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated together, in order."""

    name: str
    rules: Sequence[Recording | Alert]

    def text(self, runbooks: str) -> str:
        """Return the group as YAML."""
        lines = [line for rule in self.rules for line in rule.lines(runbooks)]
        return f"- name: {self.name}\n  rules:\n" + indent("\n".join(lines), "    ") + "\n"


_HEAD = "# Generated: python -m hcdv_stream.dashboards\n"


def rule_file(groups: Sequence[Group], runbooks: str = RUNBOOKS) -> str:
    """Return a file as Prometheus reads it; ``runbooks`` is the page that alerts link to."""
    return f"{_HEAD}groups:\n" + indent("".join(group.text(runbooks) for group in groups), "  ")


def custom_resource(groups: Sequence[Group], runbooks: str = RUNBOOKS) -> str:
    """Return the same as Prometheus' operator reads it from Kubernetes."""
    head = (
        f"{_HEAD}apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n"
        "  name: hcdv-stream\n  labels: {app.kubernetes.io/name: hcdv-stream}\nspec:\n  groups:\n"
    )
    return head + indent("".join(group.text(runbooks) for group in groups), "    ")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
