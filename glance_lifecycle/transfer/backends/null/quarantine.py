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

"""The quarantine of a store that holds nothing; for tests."""

from collections.abc import Iterator

from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends.null import inventory as null
from glance_lifecycle.transfer.backends import quarantine


class NullQuarantine(null.NullInventory, quarantine.Quarantine):
    """Nothing is there that could be taken."""

    kinds = frozenset()

    def put(self, entry: inventory.Entry, plan: str) -> bool:
        return False

    def kept(self, plan: str = '') -> Iterator[quarantine.Kept]:
        yield from ()

    def restore(self, kept: quarantine.Kept) -> bool:
        return False

    def purge(self, kept: quarantine.Kept) -> bool:
        # It is not there.
        return True
