"""A row of the valuation board: how much the labels that arrive are doubted."""

from hcdv_stream.dashboards.expressions import average, per_second, share_of
from hcdv_stream.dashboards.panel import Panel, Query
from hcdv_stream.dashboards.row import Row

DOUBTS = Row(
    "Doubts",
    [
        Panel(
            "Share of doubtful sessions",
            "Share of a label's arrivals whose label is probably wrong: doubt above 0.5. A jump is "
            "a batch of wrong labels, or a change of the concept. Nothing without a doubt model.",
            "percentunit",
            [
                Query(
                    share_of(
                        per_second("hcdv_doubtful_records_total", "label"),
                        per_second("hcdv_label_records_total", "label"),
                    ),
                    "{{label}}",
                )
            ],
        ),
        Panel(
            "Mean doubt of arrivals by provider",
            "Mean doubt of a provider's sessions as they arrive, those that sent most lately by "
            "name. A provider whose labels turn wrong jumps.",
            "percentunit",
            [
                Query(
                    share_of(
                        per_second("hcdv_provider_doubts_total", "provider"),
                        per_second("hcdv_provider_records_total", "provider"),
                    ),
                    "{{provider}}",
                )
            ],
        ),
        Panel(
            "Doubtful sessions by provider",
            "Sessions a second whose label is probably wrong, by provider.",
            "cps",
            [Query(per_second("hcdv_provider_doubtful_records_total", "provider"), "{{provider}}")],
        ),
        Panel(
            "Mean doubt of a provider's examples",
            "Mean doubt of the examples in the corpus, of the 20 providers with most of them and "
            "of all the others: the share of their labels that is probably wrong.",
            "percentunit",
            [Query(average("hcdv_api_provider_mean_doubt", "provider"), "{{provider}}")],
        ),
    ],
)
