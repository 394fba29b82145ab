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

"""From Glance's configuration to the parts of a Job that every job has."""

from collections.abc import Sequence
from typing import Any

from oslo_config import cfg

from glance_lifecycle import glance_host
from glance_lifecycle.transfer import entry_points
from glance_lifecycle.transfer import job as jobs

CONF = cfg.CONF
GIB = 1024 ** 3
MIB = 1024 ** 2

# Serves every glance_store driver that has no sink of its own.
ADAPTER = 'driver'

# The least CPU time, whatever the virtual size.
CPU_FLOOR = 600


def targets(stores: Sequence[str]) -> list[jobs.Target]:
    """How to write each of these stores.

    :raises ConfigurationError: one of them cannot be written
    """
    return [_target(store) for store in stores]


def _target(store: str) -> jobs.Target:
    driver = glance_host.store_driver(store)
    if entry_points.entry(entry_points.SINKS, driver) is None:
        driver = ADAPTER
    found = entry_points.sink(driver)
    options = jobs.load(found).describe(CONF, store)
    return jobs.Target(store, found, options, driver=driver)


def staging_target(directory: str, name: str) -> jobs.Target:
    """A file in the staging directory itself, for the staged mode."""
    return jobs.Target('', entry_points.sink('file'), {
        'datadirs': [[directory, 0]], 'by_space': False, 'mode': 0,
        'metadata': []}, name, driver='file')


def niceness() -> dict[str, Any]:
    """Of ``jobs.Limits``, what says who goes first."""
    conf = CONF.lifecycle_transfer
    return {'nice': conf.nice, 'group_nice': conf.group_nice,
            'policy': conf.scheduling_policy}


def cpu_limit(virtual_size: int, stores: int) -> int:
    """Seconds for one transfer's child, 0 for no limit."""
    per_gib = int(CONF.lifecycle_transfer.cpu_limit)
    return per_gib and max(CPU_FLOOR,
                           per_gib * stores * (1 + virtual_size // GIB))
