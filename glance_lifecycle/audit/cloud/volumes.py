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

"""Back ends of Cinder, and how often they make a volume of an image."""

import collections
from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import datetime
import re
from typing import Any

from glance_lifecycle.audit.cloud import computes
from glance_lifecycle.audit.cloud import document
from glance_lifecycle.audit.doctor.asked import block_storage
from glance_lifecycle.audit.doctor.asked import collecting
from glance_lifecycle.dependents import listing

SERVICE = block_storage.SERVICE

_HOST = 'os-vol-host-attr:host'
_FSID = re.compile('[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', re.I)


@dataclasses.dataclass
class Made:
    """Volumes that were made of images, by their back ends.

    :ivar volumes: (image, back end) -> since when was asked
    :ivar encrypted: back end -> how many of these are
    """

    volumes: collections.Counter[tuple[str, str]] = dataclasses.field(
        default_factory=collections.Counter)
    encrypted: collections.Counter[str] = dataclasses.field(
        default_factory=collections.Counter)
    backends: collections.Counter[str] = dataclasses.field(
        default_factory=collections.Counter)


def backend(host: object) -> str:
    """Of HOST@BACKEND#POOL, the back end."""
    return document.name(
        str(host or '').partition('#')[0].rpartition('@')[2])


def pools(client: Any) -> dict[str, document.Item]:
    """Back end -> what its driver says of it.

    That of RBD tells its cluster in ``location_info``.
    https://docs.openstack.org/api-ref/block-storage/v3/#list-all-back-end-storage-pools
    """
    data = collecting.get(client, '/scheduler-stats/get_pools',
                          {'detail': 'true'})
    found: dict[str, document.Item] = {}
    for one in data['pools'] if data else ():
        about = one.get('capabilities') or {}
        item = found.setdefault(backend(one['name']), {})
        if str(about.get('storage_protocol')).lower() in ('ceph', 'rbd'):
            fsid = _FSID.search(str(about.get('location_info')))
            item['fsid'] = fsid.group().lower() if fsid else ''
    return found


def made(client: Any, since: datetime.datetime,
         progress: Callable[[int], None] = lambda count: None) -> Made:
    """What Cinder still lists: it forgets what is deleted."""
    begin = since.astimezone(datetime.UTC).strftime('%Y-%m-%dT%H:%M:%S')
    found = Made()
    count = 0
    for page in listing.pages(client, '/volumes/detail', 'volumes', {
            'all_tenants': 'true'}):
        for volume in page:
            metadata = volume.get('volume_image_metadata')
            if not isinstance(metadata, Mapping) or str(
                    volume.get('created_at') or '') < begin:
                continue
            name = backend(volume.get(_HOST))
            if name and metadata.get('image_id'):
                found.volumes[str(metadata['image_id']), name] += 1
                found.backends[name] += 1
                found.encrypted[name] += volume.get('encrypted') is True
        count += len(page)
        progress(count)
        if count >= computes.MOST:
            raise collecting.Unexpected(
                'there are more than %d volumes' % computes.MOST)
    return found


def items(confs: Mapping[str, document.Item],
          told: Mapping[str, document.Item], found: Made,
          note: document.Note) -> list[document.Item]:
    """Those of the document.

    :param confs: of cinder.conf, by section; what it says counts
    :param told: by Cinder's scheduler
    """
    result: list[document.Item] = []
    for name in dict.fromkeys((*confs, *told, *found.backends)):
        if len(result) == document.MOST_BACKENDS:
            note('There are more than %d back ends of Cinder; the rest is '
                 'left out.' % document.MOST_BACKENDS)
            break
        item = {'name': name, **told.get(name, {})}
        item |= {key: value for key, value in confs.get(name, {}).items()
                 if value != '' or not item.get(key)}
        if found.backends[name]:
            item['encrypted'] = document.read(
                2 * found.encrypted[name] > found.backends[name])
        result.append(item)
    return result


def counted(found: Made, known: set[str], names: Mapping[str, str]
            ) -> dict[str, collections.Counter[str]]:
    """Name of an image -> back end -> volumes."""
    result: dict[str, collections.Counter[str]] = {}
    for (image_id, name), count in found.volumes.items():
        if image_id in names and name in known:
            result.setdefault(names[image_id], collections.Counter())[
                name] += count
    return result
