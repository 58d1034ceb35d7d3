"""The row of what processes take: memory, processor, files."""

from hcdv_stream.dashboards.expressions import per_second, share_of, total
from hcdv_stream.dashboards.objectives import FILES_USED, MEMORY_USED
from hcdv_stream.dashboards.panel import Panel, Query
from hcdv_stream.dashboards.row import Row


def process(title: str) -> Row:
    """Return the row; it shows workers and APIs alike, as they are chosen."""
    name = "{{job}} {{instance}}"
    by = ("job", "instance")
    return Row(
        title,
        [
            Panel(
                "Resident memory",
                "Memory of each process; it grows with the corpus.",
                "bytes",
                [Query(total("hcdv_process_resident_memory_bytes", *by), name)],
            ),
            Panel(
                "Processors busy",
                "Processor seconds that each process used in each second.",
                "short",
                [Query(per_second("hcdv_process_cpu_seconds_total", *by), name)],
            ),
            Panel(
                "Open files",
                "Files and sockets that each process has open.",
                "short",
                [Query(total("hcdv_process_open_fds", *by), name)],
            ),
            Panel(
                "Share of the memory limit",
                "Resident memory over the container's limit, or the machine's memory. Near 1 the "
                "kernel ends the process.",
                "percentunit",
                [
                    Query(
                        share_of(
                            total("hcdv_process_resident_memory_bytes", *by),
                            total("hcdv_process_memory_limit_bytes", *by),
                        ),
                        name,
                    )
                ],
                objective=MEMORY_USED,
            ),
            Panel(
                "Share of the descriptor limit",
                "Open files over the most that the process may open. At 1 nothing can be opened.",
                "percentunit",
                [
                    Query(
                        share_of(
                            total("hcdv_process_open_fds", *by),
                            total("hcdv_process_max_fds", *by),
                        ),
                        name,
                    )
                ],
                objective=FILES_USED,
            ),
            Panel(
                "HTTP connections",
                "Connections that each process has open; beyond its bound it closes the idlest.",
                "short",
                [Query(total("hcdv_http_connections", *by), name)],
            ),
            Panel(
                "HTTP connections closed a second",
                "Connections that were closed for going over a bound, by reason.",
                "cps",
                [
                    Query(
                        per_second("hcdv_http_connections_closed_total", *by, "reason"),
                        f"{{{{reason}}}} {name}",
                    )
                ],
            ),
            Panel(
                "Versions",
                "Processes of each version and each Python: more than one during a roll-out.",
                "short",
                [
                    Query(
                        total("hcdv_build_info", "version", "python"),
                        "{{version}} on Python {{python}}",
                    )
                ],
            ),
        ],
    )
