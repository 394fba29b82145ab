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

"""Clones, in Ceph, of the stored copies of an image.

Volumes, disks of servers, and what was copied with the rbd command: Ceph
knows its children whether or not Nova or Cinder do.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import importlib
import threading
from typing import Any
import urllib.parse

from glance_lifecycle.dependents import base

_SCHEME = 'rbd://'
_TIMEOUTS = ('client_mount_timeout', 'rados_mon_op_timeout',
             'rados_osd_op_timeout')

# errno, by rados and rbd alike.
_ENOENT, _ETIMEDOUT, _NOT_ALLOWED = 2, 110, (1, 13)

_SILENT = 'Ceph did not answer within %d s'


class RbdChildrenProvider(base.Provider):
    """Children of each image that an ``rbd://`` location names.

    Needs Ceph's Python modules, and a user that may read every pool with
    children: ``profile rbd-read-only pool=volumes``, for example.
    """

    name = 'rbd_children'

    def dependents(self, image: base.Image) -> Iterator[base.Dependent]:
        if image.locations is None:
            raise base.NotAsked(
                detail='Glance does not show where the image is stored')
        for location in image.locations:
            if location.url.startswith(_SCHEME):
                yield from self._children(location)

    def _children(self, location: base.Location) -> list[base.Dependent]:
        rados, rbd = _module('rados'), _module('rbd')
        fsid, pool, name = _parsed(location.url)
        ceph = self.settings.ceph.get(location.store,
                                      self.settings.ceph.get(''))
        if ceph is None:
            raise base.NotAsked(detail='store %s has no Ceph configuration'
                                % location.store)
        seconds = self.settings.ceph_timeout

        def ask() -> list[base.Dependent]:
            with _client(rados, ceph, seconds) as cluster:
                if cluster.get_fsid() != fsid:
                    raise base.NotAsked(
                        detail='the image is in another Ceph cluster than '
                        'the one that is configured here')
                with cluster.open_ioctx(pool) as ioctx:
                    return _listed(rbd, ioctx, name)

        try:
            return _within(seconds, ask)
        except (rados.Error, rbd.Error, OSError) as error:
            raise base.NotAsked(detail=_words(error, seconds)) from None


def is_here(image: base.Image) -> bool:
    """Whether there is anything to ask Ceph about."""
    return image.locations is None or any(
        location.url.startswith(_SCHEME) for location in image.locations)


def _module(name: str) -> Any:
    # Debian's python3-rados and python3-rbd; they are not on PyPI.
    try:
        return importlib.import_module(name)
    except ImportError:
        raise base.NotAsked(detail='the Python module %s of Ceph is not '
                            'installed' % name) from None


def _parsed(url: str) -> list[str]:
    """fsid, pool, image."""
    parts = [urllib.parse.unquote(part)
             for part in url.removeprefix(_SCHEME).split('/')]
    if len(parts) != 4 or not all(parts):
        raise base.NotAsked(
            detail='its location does not name a snapshot in Ceph')
    return parts[:3]


def _client(rados: Any, ceph: base.Ceph, seconds: float) -> Any:
    """Connects in ``with``."""
    client = rados.Rados(conffile=ceph.conf_file, rados_id=ceph.user or None)
    for option in _TIMEOUTS:
        client.conf_set(option, str(max(1, int(seconds))))
    return client


def _listed(rbd: Any, ioctx: Any, name: str) -> list[base.Dependent]:
    try:
        # Without the snapshot that the location names: librbd then lists the
        # children of all. A removed one whose clones are of the newer format
        # has no name any more, but still has the clones.
        image = rbd.Image(ioctx, name, read_only=True)
    except rbd.ImageNotFound:
        return []  # what is not there has no clones
    with image:
        return [_dependent(child) for child in image.list_children2()]


def _dependent(child: Mapping[str, Any]) -> base.Dependent:
    place = [child['pool'], child.get('pool_namespace', ''), child['id']]
    return base.Dependent(
        'rbd child', '/'.join(filter(None, place)), child['image'],
        detail='cloned from it%s' % (
            ', in the trash' if child['trash'] else ''))


def _within(seconds: float, function: Callable[[], list[base.Dependent]]
            ) -> list[base.Dependent]:
    """In a thread, as some calls of librbd wait for ever.

    One that does is left behind.
    """
    results: list[list[base.Dependent]] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(function())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name='rbd-children', daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise base.NotAsked(detail=_SILENT % seconds)
    return results[0]


def _words(error: Exception, seconds: float) -> str:
    number = getattr(error, 'errno', None)
    if number == _ETIMEDOUT:
        return _SILENT % seconds
    if number in _NOT_ALLOWED:
        return ('Ceph does not know this key, or does not let its user read '
                'all pools with clones: it needs "profile rbd-read-only '
                'pool=..." for each')
    if number == _ENOENT:
        return ('there is no such ceph.conf, user, keyring or pool (%s)'
                % type(error).__name__)
    return 'Ceph failed (%s)' % type(error).__name__
