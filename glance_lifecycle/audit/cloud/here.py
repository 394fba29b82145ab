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

"""This host of glance-api.

It needs Glance: import it where one is configured.
"""

from collections.abc import Mapping

from glance_lifecycle.audit.cloud import collecting
from glance_lifecycle.audit.cloud import document
from glance_lifecycle.audit.cloud import room


class ThisHost(collecting.Host):
    """See there."""

    def shown(self) -> document.Item | None:
        return room.shown()

    def default_store(self) -> str:
        return room.default_store()

    def rooms(self, names: list[str], note: document.Note
              ) -> Mapping[str, document.Item]:
        return room.of(names, note)
