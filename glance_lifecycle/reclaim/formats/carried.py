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

"""What the raw image gets of the one that it replaces.

Pure. All of it, but what is of the old bytes, and what only a service writes.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import re
from typing import Any

from glance_lifecycle.audit import drift
from glance_lifecycle.reclaim.duplicates import marks

_Image = Mapping[str, Any]
_Patch = list[dict[str, Any]]

#: What an image has beside its properties, and may be set.
ATTRIBUTES = ('name', 'min_disk', 'min_ram', 'tags', 'visibility')

#: Of a new image that was verified, and never shown to anybody.
UNSHOWN = 'lifecycle_replaces_unshown'

# In every spelling that MySQL and MariaDB take for the same. The sums that
# openstacksdk writes are of the bytes that were uploaded; vmware_disktype says
# how a VMDK is laid out.
_NOT = re.compile(
    r'os_glance_.*|os_hash_.*|lifecycle_.*|img_signature.*|'
    r'owner_specified\.openstack\.(md5|sha256|object)|vmware_disktype',
    re.IGNORECASE)


def properties(image: _Image) -> dict[str, str]:
    """Name -> value of what is carried over."""
    return {name: str(image[name]) for name in sorted(_additional(image))
            if not _NOT.fullmatch(name)}


def dropped(image: _Image) -> tuple[str, ...]:
    """Names of the properties that the new one does not get, sorted.

    Without those that are of an import of Glance's.
    """
    return tuple(sorted(
        name for name in _additional(image) if _NOT.fullmatch(name)
        and not name.lower().startswith('os_glance_')))


def body(image: _Image, image_id: str) -> dict[str, Any]:
    """The new image, for POST /v2/images: hidden, and of the same owner.

    Private, whatever the old one is: to convert it may take hours, in which
    its owner may withdraw it.

    :param image_id: of the new one
    """
    return {
        **properties(image), 'id': image_id, 'owner': image['owner'],
        'os_hidden': True,
        'disk_format': image['disk_format'],
        'container_format': image['container_format'],
        **{name: image[name] for name in ATTRIBUTES
           if image.get(name) is not None},
        'visibility': 'private'}


def waits(new: _Image) -> bool:
    """Whether nobody but its owner can have seen it yet."""
    return bool(new.get('os_hidden')) and (
        UNSHOWN in new or new.get('status') not in drift.SETTLED)


def visible(visibility: str) -> _Patch:
    return [_replace('visibility', visibility)]


def swapped(old: _Image, new: _Image) -> _Patch:
    """What makes the new one visible, as the old one is by now.

    What else it has, such as what the policy has set, stays. JSON patch,
    RFC 6902; protection, which is last, too.
    """
    return [*_attributes(old, new), *(
        _add(name, value) for name, value in properties(old).items()
        if new.get(name) != value), *marks.show(new),
        *([{'op': 'remove', 'path': '/' + UNSHOWN}] if UNSHOWN in new
          else []),
        *([_replace('protected', True)] if old.get('protected') else [])]


def _attributes(old: _Image, new: _Image) -> Iterator[dict[str, Any]]:
    for name in ATTRIBUTES:
        mine, theirs = new.get(name), old.get(name)
        if name == 'tags':
            # The policy may have set some.
            theirs = sorted({*(theirs or ()), *(mine or ())})
            mine = sorted(mine or ())
        if mine != theirs:
            yield _replace(name, theirs)


def _additional(image: _Image) -> Iterator[str]:
    for name, value in image.items():
        if name not in drift.ATTRIBUTES and value is not None:
            yield name


def _add(name: str, value: Any) -> dict[str, Any]:
    # RFC 6901: the name is one token.
    return {'op': 'add', 'value': value, 'path': '/' + name.replace(
        '~', '~0').replace('/', '~1')}


def _replace(name: str, value: Any) -> dict[str, Any]:
    return {'op': 'replace', 'path': '/' + name, 'value': value}
