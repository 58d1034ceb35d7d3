"""What the service should keep to: lines on the boards, thresholds of alerts, edges of buckets."""

UPDATE_SECONDS = 0.5
"""Most of an update's latency, for 99% of the polls: HCDV_POLL_RECORDS at its default, 1,500."""
REQUEST_SECONDS = 0.02
"""Most of the time of a read of one point, for 99% of them."""
VISIBLE_SECONDS = 0.25
"""Most of the time from an update's write to answers that hold it."""
RESIDUAL = 1e-9
"""Most of the efficiency residual that rounding explains."""
STALL_SECONDS = 60.0
"""The default of HCDV_STALL_SECONDS: with records waiting and no batch for so long, it stalls."""

SILENCE_SECONDS = 10.0
"""Without an answer of the broker for so long a worker is not ready."""
