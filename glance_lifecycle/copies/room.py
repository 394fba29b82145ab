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

"""How a new copy takes the place of a wrong one, store by store.

The name of an object is mostly the image's id, so that the new copy and the
wrong one cannot both be there. In a file store the new one takes the name in
one step. Elsewhere the wrong one is kept in the store's quarantine meanwhile,
or, where the store has none, has to go first.
"""

from collections.abc import Callable
import hashlib
import logging
import os

from oslo_config import cfg

from glance_lifecycle.copies import known
from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.jobs import quarantines
from glance_lifecycle.jobs import targets
from glance_lifecycle.transfer.backends.driver import store as driver_store
from glance_lifecycle.transfer.backends import errors
from glance_lifecycle.transfer.backends.file import datadir
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer.backends import quarantine
from glance_lifecycle.transfer import entry_points
from glance_lifecycle.transfer import job as jobs

CONF = cfg.CONF
LOG = logging.getLogger(__name__)


def way(image_id: str, store: str, entry: inventory.Entry) -> known.Way:
    """:param entry: the wrong copy"""
    if entry.name != image_id:
        return known.Way.BESIDE
    if glance_host.store_driver(store) == 'file':
        return known.Way.IN_PLACE
    if entry.kind is inventory.Kind.MANIFEST:
        # Only the manifest would be kept, and its segments have the names of
        # the new ones.
        return known.Way.FIRST
    return known.Way.ASIDE if keeps(store) else known.Way.FIRST


def keeps(store: str) -> bool:
    """Whether a wrong copy is put into quarantine there."""
    driver = glance_host.store_driver(store)
    return driver != 'file' and bool(
        entry_points.entry(entry_points.QUARANTINES, driver))


def against(entry: inventory.Entry) -> str:
    """Why it must not go, as a sentence; empty for nothing."""
    hangs = entry.hangs
    if entry.kind is inventory.Kind.UNFINISHED:
        return ('What is there is unfinished, or has lost its snapshot. Look '
                'at it.')
    if entry.kind not in (inventory.Kind.IMAGE, inventory.Kind.MANIFEST):
        return 'What is there may be no image. %s' % (
            entry.note or 'It is %s.' % entry.kind)
    if hangs.children:
        return ('%d volumes, disks or other clones hang on it.'
                % hangs.children)
    if hangs.watchers:
        return 'Somebody has it open.'
    if hangs.snapshots is not None and hangs.snapshots > 1:
        return 'It has %d snapshots.' % hangs.snapshots
    return ''


def target(copy: glance_host.StoredCopy) -> jobs.Target:
    """How to write a copy of a file store in the place of the wrong one.

    :raises ConfigurationError: it cannot be written
    :raises StoreError: the wrong one cannot be looked at, or has gone
    """
    (found,) = targets.targets([copy.store])
    directory, name = os.path.split(copy.url.partition('://')[2])
    with errors.translated(copy.store, 'looking at the wrong copy'):
        opened = datadir.Datadir(directory)
        try:
            wrong = opened.look(name)
        finally:
            opened.close()
    if wrong is None:
        raise exceptions.StoreError(
            store=copy.store, detail='the wrong copy has just gone')
    identity = wrong[0]
    options = {**found.options, 'datadirs': [[directory, 0]],
               'by_space': False, 'replaces': [
                   identity.filesystem, identity.inode, identity.generation]}
    return jobs.Target(found.store, found.entry, options, found.name,
                       found.driver)


def remove(copy: glance_host.StoredCopy,
           entry: inventory.Entry | None) -> None:
    """DESTRUCTIVE: have the driver delete a copy, as Glance itself would.

    :param entry: it, as it was looked at
    :raises LifecycleError: it does not
    """
    if entry is not None and entry.kind is inventory.Kind.MANIFEST and (
            keeps(copy.store)):
        # The driver would remove whatever the manifest names.
        aside = Aside(entry.image_id, copy.store)
        aside.put(entry)
        _purged(aside, copy.store)
        return
    driver = driver_store.build(
        copy.store, driver_store.describe(CONF, copy.store))
    try:
        driver.delete(driver_store.location_of_url(driver, copy.url))
    except Exception as error:
        # Its text may hold the location.
        raise exceptions.StoreError(
            store=copy.store, detail='its driver does not delete the wrong '
            'copy (%s)' % type(error).__name__) from None


def clear(image_id: str, store: str) -> None:
    """Remove what a repair that was killed has put aside, and not removed.

    In Swift only: the segments of that have the names of the new ones, and
    would take those with them when they go.

    :raises StoreError: it cannot be removed
    """
    if glance_host.store_driver(store) == 'swift':
        _purged(Aside(image_id, store), store)


def _purged(aside: 'Aside', store: str) -> None:
    why = aside.purge()
    if why:
        raise exceptions.StoreError(store=store, detail=why)


class Aside:
    """A wrong copy in the quarantine of its store.

    By a name that follows from the image's id, so that the next repair also
    finds what one that was killed has put there.

    :param store: its name
    """

    def __init__(self, image_id: str, store: str) -> None:
        self._image_id = image_id
        self._store = store
        self._plan = hashlib.sha256(
            ('repair of %s' % image_id).encode()).hexdigest()[:16]

    def put(self, entry: inventory.Entry) -> None:
        """:raises LifecycleError: it is where it was, or nobody can tell"""
        opened = quarantines.opened(self._store)
        try:
            if not opened.put(entry, self._plan):
                raise exceptions.StoreError(
                    store=self._store, detail='the wrong copy cannot be put '
                    'into quarantine: something hangs on it, or it changed')
        finally:
            opened.close()

    def purge(self) -> str:
        """Remove it for good; why that could not be done, as a sentence."""
        return self._each(lambda opened, kept: opened.purge(kept))

    def restore(self) -> str:
        """Bring it back; why that could not be done, as a sentence."""
        return self._each(lambda opened, kept: opened.restore(kept))

    def _each(self, function: Callable[
            [quarantine.Quarantine, quarantine.Kept], bool]) -> str:
        try:
            opened = quarantines.opened(self._store)
            try:
                done = [function(opened, kept)
                        for kept in list(opened.kept(self._plan))
                        if kept.entry.image_id == self._image_id]
            finally:
                opened.close()
        except exceptions.LifecycleError as error:
            LOG.warning('%s', error)
            done = [False]
        return '' if all(done) else (
            'The wrong copy is in quarantine, plan %s.' % self._plan)
