"""The committed rule files, and the part of them that one alert needs."""

from functools import cache
from typing import Any

import yaml

from hcdv_stream.dashboards.files import PROMETHEUS

FILES = sorted(PROMETHEUS.glob("*.yml"))


@cache
def committed() -> list[dict[str, Any]]:
    """The groups of the committed files, recording rules first."""
    return [
        group for path in reversed(FILES) for group in yaml.safe_load(path.read_text())["groups"]
    ]


def rules_of(alert: str) -> dict[str, Any]:
    """The alert's rules, and the recording rules that they read.

    All of the rules would be evaluated at every minute of every case, ten times the work.
    """
    groups = committed()
    rules = [rule for group in groups for rule in group["rules"]]
    recorded = {rule["record"]: rule for rule in rules if "record" in rule}
    wanted = [rule for rule in rules if rule.get("alert") == alert]
    for rule in wanted:  # it grows
        wanted += [
            one for name, one in recorded.items() if name in rule["expr"] and one not in wanted
        ]
    kept = [
        {"name": group["name"], "rules": [rule for rule in group["rules"] if rule in wanted]}
        for group in groups
    ]
    return {"groups": [group for group in kept if group["rules"]]}
