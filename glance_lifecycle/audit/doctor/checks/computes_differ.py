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

"""GLC923"""

from collections.abc import Iterator
from collections.abc import Sequence

from oslo_utils import uuidutils

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class ComputesDiffer(check.LiveCheck):
    """Some computes clone images from Ceph, and others download them.

    All images are in Ceph. Nova's driver for libvirt takes qcow2 images
    unless its disks are in Ceph, and Placement shows which computes do: these
    download each image, keep it in a cache of their own, and servers on them
    start late. One flavour is then fast or slow by chance.

    Set ``[libvirt] images_type = rbd`` there too, or keep them apart with a
    host aggregate.
    """

    code = 'GLC923'
    bad = ({'live.json': '{"stores": [{"id": "ceph", "kind": "rbd"}], '
            '"computes": {"qcow2": ["c2"], "raw": ["c1", "c2"]}}'},)
    good = (
        {'live.json': '{"stores": [{"id": "ceph", "kind": "rbd"}], '
         '"computes": {"qcow2": [], "raw": ["c1", "c2"]}}'},
        {'live.json': '{"stores": [{"id": "ceph", "kind": "rbd"}, {"id": '
         '"files", "kind": "file"}], "computes": {"qcow2": ["c2"], "raw": '
         '["c1", "c2"]}}'},
        # Ironic calls its nodes by their ids, and clones nowhere.
        {'live.json': '{"stores": [{"id": "ceph", "kind": "rbd"}], '
         '"computes": {"qcow2": ["5f0b6c1e-8f3a-4c3e-9d38-2a4a6f1f7c11"], '
         '"raw": ["c1", "5f0b6c1e-8f3a-4c3e-9d38-2a4a6f1f7c11"]}}'},
    )

    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        kinds = {one.kind for one in live.stores or () if not one.read_only}
        if kinds != {'rbd'} or live.computes is None:
            return
        download = {one for one in live.computes.qcow2
                    if not uuidutils.is_uuid_like(one)}
        others = set(live.computes.raw) - set(live.computes.qcow2)
        if download and others:
            yield self.found(
                (), 'computes that download', '%d computes clone from Ceph, '
                'and %d do not: %s%s.' % (
                    len(others), len(download), ', '.join(
                        map(masking.name, sorted(download)[:_MOST])),
                    ', ...' if len(download) > _MOST else ''),
                'Set [libvirt] images_type = rbd there, or keep them apart '
                'with a host aggregate.')


_MOST = 8
