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

"""Whether segments are served: by a manifest, which may be in quarantine.

Whoever took them for nobody's would make a hollow image of it.
"""

from collections.abc import Iterator

from glance_lifecycle.transfer.backends.object_store import quarantined
from glance_lifecycle.transfer.backends import quarantine
from glance_lifecycle.transfer.backends.swift import rows
from glance_lifecycle.transfer.backends.swift import service as swift_service


def is_served(service: swift_service.Service, image_id: str, but: str = ''
              ) -> bool:
    """Whether there is a manifest of the image, be it in quarantine.

    :param but: a plan that does not count
    """
    return _is_manifest(service, image_id) or is_away(service, image_id, but)


def is_away(service: swift_service.Service, image_id: str, but: str = ''
            ) -> bool:
    """Whether there is one in quarantine."""
    return any(_is_manifest(service, quarantined.name(plan, image_id))
               for plan in _plans(service) if plan != but)


def _is_manifest(service: swift_service.Service, name: str) -> bool:
    head = service.find(name)
    return head is not None and rows.is_manifest(head)


def _plans(service: swift_service.Service) -> Iterator[str]:
    """Of which something is in quarantine there."""
    for row in service.listed(quarantined.PREFIX, delimiter='/'):
        plan = str(row.get('subdir', ''))[len(quarantined.PREFIX):-1]
        if quarantine.is_plan(plan):
            yield plan
