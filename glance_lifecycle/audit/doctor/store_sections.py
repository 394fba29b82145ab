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
"""Sections that look like those of stores."""

from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import near
from glance_lifecycle.audit.doctor import options


def drivers(host: hosts.Host, section: str) -> set[str]:
    """The drivers that have options that are in this section."""
    names = {one.name for one in host.settings() if one.section == section}
    return {driver for driver, known in host.catalogue.drivers.items()
            if names & known.keys()}


def misnamed(host: hosts.Host) -> tuple[str, str] | None:
    """The section that is meant for a store, and the store.

    Only where there is no doubt: one store has no section, and one section
    that has options of its driver has no store.
    """
    sections = dict(host.sections())
    groups = set(map(options.group_name, sections))
    bare = [store for store in host.stores
            if options.group_name(store) not in groups]
    if len(bare) != 1:
        return None
    groups_known = (*host.catalogue.groups, 'default')
    others = [section for section in sections
              if options.group_name(section) not in host.catalogue.groups
              and drivers(host, section)
              # It is nearly called as another, such as the staging.
              and not near.closest(options.group_name(section), groups_known)]
    store, = bare
    if len(others) != 1 or host.stores[store] not in drivers(host, others[0]):
        return None
    return others[0], store
