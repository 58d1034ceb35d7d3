"""What every process needs: logs, signals, threads, files, systemd."""
