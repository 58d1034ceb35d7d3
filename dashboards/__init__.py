"""The Grafana board, generated from code: ``python -m dashboards.board``."""
