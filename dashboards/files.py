"""Every file that is generated here, and what it must hold."""

from collections.abc import Mapping
from pathlib import Path

from dashboards import api, latency, valuation
from dashboards.alerts import ALERTS
from dashboards.recordings import RECORDINGS
from dashboards.rules import custom_resource, rule_file

FOLDER = Path(__file__).parent
GRAFANA = FOLDER / "grafana"
PROMETHEUS = FOLDER / "prometheus"
BOARDS = (latency.BOARD, valuation.BOARD, api.BOARD)
HOME = latency.BOARD


def files() -> Mapping[Path, str]:
    """Return what travels with the package, by path."""
    return {
        **{GRAFANA / board.file: board.text() for board in BOARDS},
        PROMETHEUS / "hcdv-recordings.yml": rule_file([RECORDINGS]),
        PROMETHEUS / "hcdv-alerts.yml": rule_file(ALERTS),
    }


def checkout_files() -> Mapping[Path, str]:
    """Return what else there is in a checkout."""
    from dashboards.metrics_page import metrics_page  # noqa: PLC0415 (loads worker and API)

    root = FOLDER.parent
    return {
        root / "deploy" / "kubernetes" / "monitoring" / "rules.yaml": custom_resource(
            [RECORDINGS, *ALERTS]
        ),
        root / "docs" / "metrics.md": metrics_page(),
    }
