# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""Metrics of a worker that has met everything once."""

import functools
import pathlib
import tempfile

import prometheus_client
from prometheus_client import core
from prometheus_client import parser

from glance_lifecycle.audit import catalogue
from glance_lifecycle.worker import action as actions
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import migration
from glance_lifecycle.worker import metrics


@functools.cache
def _texts() -> tuple[tuple[core.Metric, ...], str]:
    found = metrics.Metrics()
    for kind in actions.KINDS:
        for outcome in metrics.OUTCOMES:
            found.job_ended(kind, outcome, 1, 1)
    for what in metrics.WHAT:
        for error in (False, True):
            found.swept(what, 1, 1, error)
    counted = catalogue.Catalogue(('ceph',))
    counted.add({'status': 'active', 'disk_format': 'raw', 'size': 1,
                 'visibility': 'public', 'stores': 'ceph'})
    found.catalogue(counted)
    for source in metrics.SOURCES:
        found.observed(source, 1)
    found.circuit('ceph', True)
    found.braked(1)
    found.hygiene_found('ceph', 1, 1, 1)
    for result in metrics.HYGIENE:
        found.hygiene_done('ceph', result)
    for error in (False, True):
        found.hygiene_ended(error)
    with tempfile.TemporaryDirectory() as base:
        path = pathlib.Path(base, 'worker.db')
        database = engine.Database(f'sqlite:///{path}', 0)
        try:
            migration.sync(database)
            found.registry.register(metrics.JobStates(database))
            return (tuple(found.registry.collect()),
                    prometheus_client.generate_latest(
                        found.registry).decode())
        finally:
            database.close()


def families() -> tuple[core.Metric, ...]:
    """As they are before they are written down."""
    return _texts()[0]


def scraped() -> list[core.Metric]:
    """As Prometheus reads them."""
    return list(parser.text_string_to_metric_families(_texts()[1]))
