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

"""GLC919"""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding
from glance_lifecycle.audit import image_api


class BootedNotRaw(check.LiveCheck):
    """Servers are made of images in Ceph that are not raw.

    A raw image is cloned, in a moment and without using room. Of these, each
    new server costs a download, a conversion and a full copy, on the compute
    and in Ceph. Those that are booted most are worth the most.

    Import these again as raw, and let new ones be converted.
    """

    code = 'GLC919'
    bad = ({'live.json': '{"stores": [{"id": "ceph", "kind": "rbd"}], '
            '"images": [{"id": "d7c7", "disk_format": "qcow2", "stores": '
            '"ceph"}], "booted": {"d7c7": 40}}'},)
    good = (
        {'live.json': '{"stores": [{"id": "ceph", "kind": "rbd"}], '
         '"images": [{"id": "d7c7", "disk_format": "raw", "stores": '
         '"ceph"}, {"id": "1a2b", "disk_format": "qcow2", "stores": '
         '"ceph"}], "booted": {"d7c7": 40}}'},
        {'live.json': '{"stores": [{"id": "files", "kind": "file"}], '
         '"images": [{"id": "d7c7", "disk_format": "qcow2", "stores": '
         '"files"}], "booted": {"d7c7": 40}}'},
    )

    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        ceph = {one.id for one in live.stores or () if one.kind == 'rbd'}
        booted = live.booted or {}
        found_ids = {
            str(one.get('id')): booted[str(one.get('id'))]
            for one in live.images or ()
            if one.get('disk_format') in lives.NOT_RAW
            and booted.get(str(one.get('id')))
            and ceph.intersection(image_api.stores_of(one))}
        if found_ids:
            most = sorted(found_ids, key=lambda one: (-found_ids[one], one))
            yield self.found(
                (), 'images that are booted', '%d servers are made of %d '
                'images in Ceph that are not raw: %s%s.' % (
                    sum(found_ids.values()), len(most), ', '.join(
                        '%s (%d)' % (masking.name(one), found_ids[one])
                        for one in most[:_MOST]),
                    ', ...' if len(most) > _MOST else ''),
                'Import them again with convert: {to_raw: {if_store_is: '
                '[rbd]}} in the lifecycle policy, and hide the old ones.')


_MOST = 5
