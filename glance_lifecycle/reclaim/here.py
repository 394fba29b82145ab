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

"""The stores of this host's Glance, open to take from and to bring back.

It needs Glance: import it where one is known to be.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import fcntl
import os

from oslo_config import cfg

from glance_lifecycle.audit.hygiene import examination
from glance_lifecycle.audit.hygiene import here
from glance_lifecycle.copies import host
from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.jobs import inventories
from glance_lifecycle.jobs import quarantines
from glance_lifecycle.reclaim import applying
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends import quarantine
from glance_lifecycle.transfer import entry_points

CONF = cfg.CONF

_LOCK = 'reclaim.lock'


class Busy(exceptions.ConfigurationError):
    """Another is at work on this host."""


def kinds(store: str) -> frozenset[inventory.Kind] | str:
    """What can be taken of a store, or why nothing can."""
    try:
        return quarantines.kind(store).kinds
    except exceptions.LifecycleError as error:
        return error.detail[:1].upper() + error.detail[1:]


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """One at a time on a host.

    :raises Busy: another is at work
    :raises ConfigurationError: another may be
    """
    host.check_user()
    path = os.path.join(CONF.lifecycle.state_dir, _LOCK)
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW |
                     os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise exceptions.ConfigurationError(
            detail='%s: %s' % (path, error.strerror)) from error
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(
                detail='another "hygiene apply" or "hygiene undo", or that of '
                'a worker, is at work on this host. Wait until it has ended'
            ) from None
        yield
    finally:
        os.close(fd)


@contextlib.contextmanager
def opened() -> Iterator[here.Opened[quarantine.Quarantine]]:
    """All that have a quarantine."""
    with contextlib.ExitStack() as stack:
        yield here.opened([
            name for name in here.stores() if entry_points.entry(
                entry_points.QUARANTINES, glance_host.store_driver(name))],
            stack, quarantines.opened)


@contextlib.contextmanager
def applicable(names: Sequence[str]
               ) -> Iterator[tuple[Mapping[str, applying.Store],
                                   Mapping[str, str]]]:
    """Those of a plan, and why some of them cannot be opened."""
    with contextlib.ExitStack() as stack:
        known = here.stores()
        mine = here.opened([name for name in names if name in known], stack,
                           quarantines.opened)
        # Where a location leads to is told by all of them.
        others = here.opened(
            [name for name in known if name not in mine.stores], stack,
            inventories.opened)
        every: dict[str, inventory.Inventory] = {
            **others.stores, **mine.stores}
        yield {name: applying.Store(examination.described(name, every), one)
               for name, one in mine.stores.items()}, mine.failed
