"""What the service should keep to: lines on the boards, thresholds of alerts, edges of buckets."""

UPDATE_SECONDS = 0.5
"""Most of an update's latency, for 99% of the polls: HCDV_POLL_RECORDS at its default, 1,500."""
REQUEST_SECONDS = 0.02
"""Most of the time of a read of one example, for 99% of them."""
VISIBLE_SECONDS = 0.25
"""Most of the time from an update's write to answers that hold it."""
RESIDUAL = 1e-9
"""Most of the efficiency residual that rounding explains."""
STALL_SECONDS = 60.0
"""The default of HCDV_STALL_SECONDS: with records waiting and no batch for so long, it stalls."""
SILENCE_SECONDS = 10.0
"""Without an answer of the broker for so long a worker is not ready."""
UPDATE_BUDGET = 0.01
"""Share of polls that may take longer than their objective."""
EXAMPLE_BUDGET = 0.01
"""Share of reads of an example that may take longer than theirs."""
FAILED_BUDGET = 0.001
"""Share of readers' requests that may fail."""
DOUBTFUL_RISE = 0.1
"""Most that the share of doubtful arrivals is higher over ten minutes than over a day."""
PROVIDER_DOUBT_RISE = 0.15
"""Most that the mean doubt of a provider's arrivals is. Its standard error over 60 sessions, the
fewest that count, is 0.05 at most."""
LAG_RECORDS = 1500.0
"""Most records behind that are no more than a poll."""
LOOK_SECONDS = 30.0
"""Most of the time since the API last read the state."""
SESSION_AGE_SECONDS = 5.0
"""Most of a session's age when it is durable, while nothing waits."""
DISK_FREE = 0.1
"""Least share of the states' disk that is free."""
MEMORY_USED = 0.9
"""Most of the memory that a process may take."""
FILES_USED = 0.8
"""Most of the descriptors that a process may have open."""
EXAMPLE_ROUTES = 'route=~"/v1/examples/.+|/v1/examples:get"'
"""Routes that read one example."""
