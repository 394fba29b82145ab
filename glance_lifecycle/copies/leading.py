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


"""Whether a location of any other image leads to one copy, too.

Somebody may have registered what is stored for one image as another one, such
as to rescue it, and two stores of a configuration may be the same. Glance asks
none of that before it deletes.
"""

import os
import posixpath

from oslo_utils import uuidutils

from glance_lifecycle import glance_host

# Glance reads there only, and many images may be of one such address.
_NEVER_DELETED = ('http://', 'https://')

# Images that are named.
_MOST = 3


def others(image_id: str, copy: glance_host.StoredCopy) -> list[str]:
    """Which other images need it, without a full stop; empty for none.

    A location that names it by an id counts, too: that of another store, or
    of one that is gone, may lead there.

    :raises DatabaseError: it cannot be told
    """
    if copy.url.startswith(_NEVER_DELETED):
        return []
    name = _name(copy.url)
    if not name:
        return ['nobody can tell where its location in store %s leads to'
                % copy.store]
    found: dict[str, str] = {}
    for other_id, url in glance_host.locations_with(name, image_id):
        if url and not uuidutils.is_uuid_like(name) and not _same(
                url, copy.url):
            # Many a "disk.img" is another one.
            continue
        if len(found) == _MOST and other_id not in found:
            return [*found.values(), 'and so do more images']
        found[other_id] = (
            'image %s has a location that leads there, or may' % other_id
            if url else 'image %s has a location that cannot be decrypted, '
            'and may lead there' % other_id)
    return list(found.values())


def same(image: glance_host.StoredImage, copy: glance_host.StoredCopy
         ) -> list[str]:
    """Which of its other locations lead there; as ``others``."""
    return ['its location in store %s leads to the same' % other.store
            for other in image.copies
            if other is not copy and _same(other.url, copy.url)]


def _name(url: str) -> str:
    """Of the object or file; RBD has its snapshot behind it."""
    name = posixpath.basename(url)
    return posixpath.basename(posixpath.dirname(url)) if url.startswith(
        'rbd://') else name


def _same(one: str, other: str) -> bool:
    if _place(one) == _place(other):
        return True
    scheme, _mark, path = one.partition('://')
    return scheme in ('file', 'filesystem') and other.startswith(
        scheme + '://') and os.path.realpath(path) == os.path.realpath(
            other.partition('://')[2])


def _place(url: str) -> tuple[str, str, str]:
    """What it leads to, with whichever password, or key of S3.

    In Swift, the user tells which account it is.
    """
    scheme, _mark, rest = url.partition('://')
    user, _at, place = rest.rpartition('@')
    scheme = scheme.partition('+')[0]
    return scheme, '' if scheme == 's3' else user.rpartition(':')[0], place
