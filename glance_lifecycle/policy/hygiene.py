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

"""What the worker may do with what no image needs, in words, store by store.

A store that is not named here is looked at, and nothing of it is taken.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
from typing import Any

from glance_lifecycle.policy import units

SECTION = 'hygiene'

NEVER = 'never'
QUARANTINE = 'quarantine'

_DAY = 86400


@dataclasses.dataclass(frozen=True, slots=True)
class Store:
    """What is said of one.

    :ivar apply: ``never``, or ``quarantine``: what is needless is taken out of
        sight, from where it can be brought back
    :ivar after: seconds since the last change, below which nothing is taken
    :ivar objects: that one run may take, and purge, at most
    :ivar percent: of the bytes of the store, likewise
    :ivar purge: seconds in quarantine, after which it is removed for good;
        None for never
    :ivar alone: no other Glance uses the store
    """

    apply: str = NEVER
    after: int = 7 * _DAY
    objects: int = 100
    percent: int = 5
    purge: int | None = None
    alone: bool = False

    @property
    def takes(self) -> bool:
        return self.apply == QUARANTINE


#: Of a store that is not named.
SILENT = Store()


def parsed(said: Mapping[str, Any]) -> dict[str, Store]:
    """Store -> what the document says, which the schema has passed.

    :param said: the section
    """
    return {name: _store(fields)
            for name, fields in said.get('stores', {}).items()}


def _store(fields: Mapping[str, Any]) -> Store:
    found = dict(fields)
    found.update(found.pop('at_most', {}))
    if 'after' in found:
        found['after'] = units.duration(found['after'])
    if 'purge' in found:
        purge = found['purge']
        found['purge'] = (units.duration(purge['after'])
                          if isinstance(purge, Mapping) else None)
    return Store(**found)


def contradictions(store: Store) -> Iterator[str]:
    """What cannot be meant."""
    if store.purge is not None and not store.takes:
        yield ('it is to be purged, and nothing is taken: say apply: '
               'quarantine, or leave purge out')


def warnings(store: Store) -> Iterator[str]:
    """What is surely not meant."""
    if store.takes and store.after < _DAY:
        yield ('what changed less than a day ago may be taken: what another '
               'host copies into the store by then is not known here')
    if store.purge is not None and store.purge < _DAY:
        yield ('what is in quarantine is removed for good within a day, '
               'before anybody can miss it')


def text(store: Store) -> str:
    """As the document has it, with what is left out."""
    if not store.takes:
        return 'apply: never'
    return ('apply: quarantine; after: %s; at_most: %d objects, %d percent; '
            'purge: %s%s' % (
                units.duration_text(store.after), store.objects,
                store.percent, 'never' if store.purge is None else
                'after ' + units.duration_text(store.purge),
                '; alone: true' if store.alone else ''))
