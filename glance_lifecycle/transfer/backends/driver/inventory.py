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


"""The inventory of every glance_store driver that has none of its own.

glance_store has no call that lists a store, so there is nothing to adapt.
"""

from collections.abc import Iterator
from typing import Any
from typing import NoReturn

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import inventory


class DriverInventory(inventory.Inventory):
    """Says that it cannot."""

    @classmethod
    def describe(cls, conf: Any, store: str) -> NoReturn:
        raise exceptions.ConfigurationError(
            detail='store %s cannot be listed: glance_store has no call for '
            'it, and this package lists stores of the drivers file, rbd, s3 '
            'and swift only' % store)

    @property
    def places(self) -> tuple[str, ...]:
        return ()

    def entries(self) -> Iterator[inventory.Entry]:
        raise self.broken_off('its driver has no listing')

    def look(self, entry: inventory.Entry) -> inventory.Entry | None:
        raise self.broken_off('its driver has no listing')

    def spot(self, url: str) -> inventory.Spot | None:
        return None
