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

"""Volumes made from an image (Cinder)."""

from collections.abc import Iterator
from typing import Any

from glance_lifecycle.dependents import base
from glance_lifecycle.dependents import listing

CINDER = 'Cinder (block-storage)'

_LIMITED = ('only volumes of your own project, unless you are an '
            'administrator: Cinder does not say')


class VolumesProvider(base.Provider):
    """Volumes whose volume_image_metadata names the image.

    A copy of such a volume names it as well. Cinder has no filter for it
    that every cloud allows, so all volumes are looked at, by pages.
    """

    name = 'volumes'

    def dependents(self, image: base.Image) -> Iterator[base.Dependent]:
        with listing.asking(CINDER):
            # Others than administrators are shown their own, without a word.
            self.limited = ('' if listing.is_admin(self.connection)
                            else _LIMITED)
            for volume in self._volumes():
                if _image(volume) == image.id:
                    yield base.Dependent(
                        'volume', str(volume['id']),
                        str(volume.get('name') or ''),
                        str(volume.get('os-vol-tenant-attr:tenant_id') or ''),
                        'made from it, %s' % (volume.get('status') or
                                              'unknown'))

    def used(self) -> Iterator[str]:
        with listing.asking(CINDER):
            if not listing.is_admin(self.connection):
                raise base.NotAsked(
                    detail='%s shows the volumes of all projects only to an '
                    'administrator' % CINDER)
            for volume in self._volumes():
                if found := _image(volume):
                    yield found

    def _volumes(self) -> Iterator[listing.Item]:
        for page in listing.pages(
                self.connection.block_storage, '/volumes/detail', 'volumes',
                {'all_tenants': 'true'}):
            yield from page


def _image(volume: listing.Item) -> str:
    metadata: Any = volume.get('volume_image_metadata') or {}
    return str(metadata.get('image_id') or '')
