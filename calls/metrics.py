"""Prometheus metrics. Each server process is a scrape target of its own."""

from prometheus_client import Counter, Gauge, Histogram

CALLBACKS = Counter("calls_callbacks", "Requests to the webhook by the status they were answered with", ["status"])
TOKENS_REFUSED = Counter("calls_tokens_refused", "Callback tokens refused, by reason", ["reason"])
NOTIFICATIONS = Counter("calls_notifications", "Notifications stored", ["subject"])
REDELIVERIES = Counter("calls_redeliveries", "Notifications that had been delivered before")
UNAPPLIED = Counter("calls_notifications_unapplied", "Notifications stored but not applied to a call")
COMMITS = Histogram(
    "calls_commit_notifications", "Notifications per commit", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500)
)
DECISIONS = Counter("calls_decisions", "Reject requests by how they ended", ["outcome"])
DECISION_SECONDS = Histogram("calls_decision_seconds", "From the click's arrival to Graph's answer, in seconds")
BULKS = Counter("calls_bulks", "Requests to reject several calls at once")
LET_PASS = Counter("calls_let_pass", "Requests to let a call pass by how they ended", ["outcome"])
NOTES = Counter("calls_notes", "Notes added after a decision or a call")
VIEWERS = Gauge("calls_viewers", "Browsers connected to the live board of this process")
SUPERVISORS_CONNECTED = Gauge("calls_supervisors_connected", "People who may reject calls and have the board open")
SUPERVISORS_VISIBLE = Gauge("calls_supervisors_visible", "People who may reject calls and have the board in view")
MISSED = Counter("calls_missed", "Calls nobody decided in time, by whether they rang in front of somebody", ["watched"])
CHECKPOINTS_KEPT = Gauge(
    "calls_checkpoints_kept_timestamp_seconds",
    "When audit checkpoints were last known to be outside the database, Unix time",
)
LIVE_CALLS = Gauge("calls_live", "Calls on the live board of this process, NaN while nobody watches it")
FRAMES = Counter("calls_frames", "Frames sent to browsers")
