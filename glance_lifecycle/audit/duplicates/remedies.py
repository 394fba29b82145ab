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

"""What fits an image of which there are others: said, and never done."""

import collections
from collections.abc import Collection
from collections.abc import Mapping
import enum

from glance_lifecycle.audit.duplicates import grouping
from glance_lifecycle.audit.duplicates import members


class Remedy(enum.StrEnum):
    """In the order of their reach."""

    SHARE = 'share'
    HIDE = 'hide'
    DROP = 'drop'
    OWNERS = 'tell the owners'


#: What each means.
SAID = {
    Remedy.SHARE: 'copies of the same bytes in a store of files can share '
                  'their blocks, if its file system can: "openstack image '
                  'lifecycle duplicates share". No user notices.',
    Remedy.HIDE: 'neither a server nor a volume needs it, nor an older one: '
                 '"duplicates plan --remedy hide".',
    Remedy.DROP: 'it is in several stores. What the policy does not want '
                 'can be dropped: "duplicates plan --remedy drop".',
    Remedy.OWNERS: 'others of the group are of other projects: only their '
                   'owners know which one is to stay. "duplicates plan '
                   '--remedy tell" writes what they can be told.',
}


def of(group: grouping.Group, used: Mapping[str, int] | None,
       file_stores: Collection[str]) -> dict[str, list[Remedy]]:
    """Image -> what fits.

    :param used: how many servers and volumes need each; None if not known
    :param file_stores: those of the driver ``file``
    """
    copies = collections.Counter(
        store for one in group.members for store in one.stores
        if store in file_stores)
    newer = _newer(group, used)
    return {one.id: [
        remedy for remedy, fits in (
            (Remedy.SHARE, any(copies[store] > 1 for store in one.stores)),
            (Remedy.HIDE, one.id in newer),
            (Remedy.DROP, len(set(one.stores)) > 1),
            (Remedy.OWNERS, group.projects > 1)) if fits]
        for one in group.members}


def _newer(group: grouping.Group, used: Mapping[str, int] | None
           ) -> set[str]:
    """Those that nothing needs, but for the oldest of them."""
    if used is None:
        return set()
    unused: list[members.Member] = [
        one for one in group.members if not used.get(one.id, 1)]
    return {one.id for one in unused[1:] if not one.hidden}
