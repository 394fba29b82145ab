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

"""How many servers and volumes need each image of some."""

import collections
from collections.abc import Iterable
from collections.abc import Mapping

from glance_lifecycle.audit.duplicates import members
from glance_lifecycle.dependents import base


def counted(provider: base.Provider, some: Iterable[members.Member]
            ) -> Mapping[str, int]:
    """Image -> how many; 0 for those that nothing needs.

    One listing of all, and not a question for each image.

    :raises NotAsked: not all can be told
    """
    found = {one.id: 0 for one in some}
    shelved: dict[str, list[str]] = collections.defaultdict(list)
    for one in some:
        server = base.Image(one.id, one.name, properties={
            'instance_uuid': one.server}).shelved_server
        if server is not None:
            shelved[server].append(one.id)
    for used in provider.used():
        if used in found:
            found[used] += 1
        for image_id in shelved.get(used, ()):
            found[image_id] += 1
    return found
