
# TaskFlow imports it, and it eventlet, if that is installed; the worker itself
# goes without (cmd/start_worker). Where a job's thread does so first, eventlet
# runs a copy of ``threading`` there, after which Python never learns that the
# thread has ended: it would wait for it at its own end.
from oslo_utils import eventletutils

assert eventletutils  # noqa: S101 - for the linter
