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


"""The stores, the database and the journals of this host's Glance.

It needs Glance: import it where one is known to be.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import dataclasses
import time
from typing import Generic
from typing import TypeVar

from oslo_config import cfg

from glance_lifecycle.audit.hygiene import claims
from glance_lifecycle.audit.hygiene import examination
from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.audit.hygiene import others
from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.jobs import inventories
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer import journals

CONF = cfg.CONF

Face = TypeVar('Face', bound=inventory.Inventory)


class ThisHost:
    """See ``examination.Host``."""

    def images(self) -> Iterator[claims.Image]:
        yield from glance_host.known_images()

    def locations(self, since: float | None = None
                  ) -> Iterator[tuple[str, str]]:
        yield from glance_host.live_locations(since)

    def some(self, ids: Sequence[str]) -> Mapping[str, claims.Image]:
        return glance_host.some_images(ids)

    def marks(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        return glance_host.some_marks(ids)

    def busy(self) -> frozenset[str]:
        """Whether or not who works on it lives: what died is to be undone.
        """
        noted = {record.image_id for record, _alive in journals.seen(
            CONF.lifecycle.state_dir)}
        return glance_host.images_of_tasks() | noted


@dataclasses.dataclass(frozen=True)
class Opened(Generic[Face]):
    """Stores, by their names.

    :ivar stores: those that can be looked into
    :ivar failed: why the others cannot
    """

    stores: Mapping[str, Face]
    failed: Mapping[str, str]


@contextlib.contextmanager
def examined(audited: Sequence[str], grace: float,
             other: others.Others = others.NONE,
             each: Callable[[], None] = examination.nothing
             ) -> Iterator[examination.Examination]:
    """An examination of these stores of this host's Glance.

    :param audited: names; none for all
    :param grace: see ``judging.Times``
    :param other: Glances that use the stores, too
    :param each: see ``examination.Examination``
    :raises ConfigurationError: there is no such store
    """
    names = stores()
    check(audited)
    now = time.time()
    with contextlib.ExitStack() as stack:
        found = opened(names, stack, inventories.opened)
        yield examination.Examination(
            ThisHost(), found.stores,
            list(dict.fromkeys(audited)) or names, found.failed,
            judging.Times(now, grace), other, each)


def stores() -> list[str]:
    """All that are configured."""
    return list(glance_host.store_kinds() or {})


def check(named: Iterable[str]) -> None:
    """:raises ConfigurationError: there is no such store"""
    names = stores()
    for name in named:
        if name not in names:
            raise exceptions.InputRefused(
                detail='Store %s is not among enabled_backends, which has %s'
                % (name, ', '.join(names)))


def opened(names: Sequence[str], stack: contextlib.ExitStack,
           face: Callable[[str], Face]) -> Opened[Face]:
    """Of each of them one face, such as its inventory.

    :param stack: closes them
    """
    found: dict[str, Face] = {}
    failed: dict[str, str] = {}
    for name in names:
        try:
            one = face(name)
        except exceptions.LifecycleError as error:
            failed[name] = error.detail
            continue
        stack.callback(one.close)
        found[name] = one
    return Opened(found, failed)
