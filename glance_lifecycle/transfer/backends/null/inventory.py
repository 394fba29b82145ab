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


"""The inventory of a store that keeps nothing."""

from collections.abc import Iterator
from typing import Any

from glance_lifecycle.transfer.backends import inventory


class NullInventory(inventory.Inventory):
    """Nothing is there, and no location leads there."""

    @classmethod
    def describe(cls, conf: Any, store: str) -> dict[str, Any]:
        return {}

    @property
    def places(self) -> tuple[str, ...]:
        return ()

    def entries(self) -> Iterator[inventory.Entry]:
        yield from ()

    def look(self, entry: inventory.Entry) -> inventory.Entry | None:
        return None

    def spot(self, url: str) -> inventory.Spot | None:
        return None
