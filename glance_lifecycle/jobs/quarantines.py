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

"""The quarantines of Glance's stores, by its configuration."""

from oslo_config import cfg

from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.transfer.backends import quarantine
from glance_lifecycle.transfer import entry_points
from glance_lifecycle.transfer import job as jobs

CONF = cfg.CONF


def kind(store: str) -> type[quarantine.Quarantine]:
    """:raises ConfigurationError: nothing can be taken out of its sight"""
    driver = glance_host.store_driver(store)
    entry = entry_points.entry(entry_points.QUARANTINES, driver)
    if entry is None:
        raise exceptions.ConfigurationError(
            detail='nothing of store %s can be put into quarantine, because '
            'its driver, %s, has none' % (store, driver))
    found: type[quarantine.Quarantine] = jobs.load(entry)
    return found


def opened(store: str) -> quarantine.Quarantine:
    """To be closed by the caller.

    :raises ConfigurationError: nothing can be taken out of its sight
    :raises StoreError: it cannot be reached
    """
    found = kind(store)
    return found(store, found.describe(CONF, store))
