"""Grafana's boards, Prometheus' rules and alerts, generated from code: ``python -m dashboards``."""
