"""Every file that is generated here, and what it must hold."""

from collections.abc import Mapping
from pathlib import Path

from hcdv_stream.dashboards import api, latency, valuation
from hcdv_stream.dashboards.alerts import ALERTS
from hcdv_stream.dashboards.recordings import RECORDINGS
from hcdv_stream.dashboards.rules import RUNBOOKS, custom_resource, rule_file

FOLDER = Path(__file__).resolve().parent  # through the link in hcdv_stream
GRAFANA = FOLDER / "grafana"
PROMETHEUS = FOLDER / "prometheus"
BOARDS = (latency.BOARD, valuation.BOARD, api.BOARD)
HOME = latency.BOARD


def files(runbooks: str = RUNBOOKS, folder: Path = FOLDER) -> Mapping[Path, str]:
    """Return what travels with the package, by path; ``runbooks`` is the page alerts link to."""
    grafana, prometheus = (folder / one.name for one in (GRAFANA, PROMETHEUS))
    return {
        **{grafana / board.file: board.text() for board in BOARDS},
        prometheus / "hcdv-recordings.yml": rule_file([RECORDINGS]),
        prometheus / "hcdv-alerts.yml": rule_file(ALERTS, runbooks),
    }


def checkout_files(runbooks: str = RUNBOOKS) -> Mapping[Path, str]:
    """Return what else there is in a checkout."""
    from hcdv_stream.dashboards.metrics_page import metrics_page  # noqa: PLC0415 (loads worker and API)

    root = FOLDER.parent
    return {
        root / "deploy" / "kubernetes" / "monitoring" / "rules.yaml": custom_resource(
            [RECORDINGS, *ALERTS], runbooks
        ),
        root / "docs" / "metrics.md": metrics_page(),
    }
