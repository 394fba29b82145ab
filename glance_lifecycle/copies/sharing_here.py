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

"""The stores of files of this host, and its Glance's database.

It needs Glance: import it where one is known to be.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib

from glance_lifecycle.audit.duplicates import here
from glance_lifecycle.audit.duplicates import members
from glance_lifecycle.copies import sharing
from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.jobs import inventories
from glance_lifecycle.transfer.backends.file import inventory as files


class ThisHost:
    """See ``sharing.Host``."""

    def some(self, ids: Sequence[str]) -> Mapping[str, members.Image]:
        return glance_host.some_contents(ids)


@contextlib.contextmanager
def sharing_in(stores: Sequence[str], note: Callable[[str], None]
               ) -> Iterator[sharing.Sharing]:
    """In these stores, or in all of files.

    :param note: called with a sentence on each that is left out
    :raises ConfigurationError: there is no such store, or no store of files
    """
    here.check_stores(stores)
    of_files = here.file_stores()
    found: dict[str, files.FileInventory] = {}
    with contextlib.ExitStack() as stack:
        for name in stores or of_files:
            if name not in of_files:
                note('Store %s is not one of files: blocks are shared only '
                     'in those.' % name)
                continue
            try:
                one = inventories.opened(name)
            except exceptions.LifecycleError as error:
                note('Store %s is left out: %s' % (name, error.detail))
                continue
            stack.callback(one.close)
            if isinstance(one, files.FileInventory):
                found[name] = one
        if not found:
            raise exceptions.ConfigurationError(
                detail='no store of the driver "file" can be looked into '
                'here')
        yield sharing.Sharing(ThisHost(), found)
