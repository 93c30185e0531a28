"""Prometheus metrics, declared in one place so that no two rooms mean different things by one name.

Labels are closed sets; never a number, a name or an id. Times are seconds.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

#: Ours alone; `/metrics` shows this and nothing that a library happens to register.
registry = CollectorRegistry()

_FAST = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_WAIT = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1200, 1800, 3600)


def _counter(name: str, what: str, *labels: str) -> Counter:
    return Counter(f"annyeong120_{name}", what, labels, registry=registry)


def _gauge(name: str, what: str, *labels: str) -> Gauge:
    return Gauge(f"annyeong120_{name}", what, labels, registry=registry)


def _histogram(name: str, what: str, buckets: tuple[float, ...]) -> Histogram:
    return Histogram(f"annyeong120_{name}", what, buckets=buckets, registry=registry)


calls_entered_total = _counter("calls_entered_total", "Calls that were claimed and written down, by how they came in.", "entry")
outcomes_total = _counter("outcomes_total", "Contacts that ended, by outcome; one each.", "outcome")
offers_total = _counter("offers_total", "Offers to counsellors, by how they ended.", "result")
keys_total = _counter("keys_total", "What callers did by keys, in the menu and while waiting; silence is none.", "what")
alarms_total = _counter("alarms_total", "Alarms raised for supervisors.", "kind")
overflows_total = _counter("overflows_total", "Waiting callers for whom standby or partner was tried, by why.", "reason")
callbacks_total = _counter("callbacks_total", "Call-back requests that ended, by outcome.", "outcome")
watchdog_repairs_total = _counter("watchdog_repairs_total", "Live callers found without sound or deadline, and mended.", "what")
routing_events_ignored_total = _counter("routing_events_ignored_total", "What reached the line late, doubled or about nobody.", "event")
rescues_total = _counter("rescues_total", "Callers kept and queued again after a counsellor's line dropped.")
live_calls = _gauge("live_calls", "Calls that are going on now, by state.", "state")

callers_waiting = _gauge("callers_waiting", "Contacts in the line, by lane.", "lane")
counsellors_available = _gauge("counsellors_available", "Counsellors who could be offered a contact now.")

wait_seconds = _histogram("wait_seconds", "Queued to answered by a human.", _WAIT)

ari_connected = _gauge("ari_connected", "1 while the event socket of the node is up.", "node")
ari_requests_total = _counter("ari_requests_total", "Requests to Asterisk, by operation and result.", "operation", "result")
ari_request_seconds = _histogram("ari_request_seconds", "Time to Asterisk's answer.", _FAST)
ari_reconnects_total = _counter("ari_reconnects_total", "Times the event socket was opened again.", "node")
events_total = _counter("events_total", "Events received from Asterisk.", "type")
events_ignored_total = _counter("events_ignored_total", "Events that changed nothing: malformed, unknown, late, foreign.", "reason")
faults_total = _counter("faults_total", "Faults of our own code that a call survived; each has a log line with its traceback.")
repairs_total = _counter("repairs_total", "Differences between rows and Asterisk that the comparison repaired.", "kind")

database_available = _gauge("database_available", "1 while the database answers.")
journal_waiting = _gauge("journal_waiting", "Journal entries that are not yet durable.")
journal_written_total = _counter("journal_written_total", "Journal entries written.")
journal_rejected_total = _counter("journal_rejected_total", "Journal entries the database refused; they are in the rejected file.")

prompts_placeholder = _gauge("prompts_placeholder", "Prompts that are synthesised placeholders, not recordings.")
prompts_missing = _gauge("prompts_missing", "Prompts without any sound file.")
clock_steps_total = _counter("clock_steps_total", "Times that the machine's clock was set, or that it slept.")
loop_lag_seconds = _histogram("loop_lag_seconds", "How late the event loop ran a timer.", _FAST)
logs_dropped_total = _counter("logs_dropped_total", "Log lines dropped because nobody took them.")


def render() -> bytes:
    """The text of `/metrics`."""
    return generate_latest(registry)
