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

"""GLC210"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding

# librbd: "order must be in the range [12, 25]".
_MOST = 32


class RbdChunkSize(check.Check):
    """The size of a Ceph store's objects is none that Ceph can have.

    The objects of an RBD image are a power of two, up to 32 MiB. Of other
    sizes, glance_store takes the next smaller power without a word; a larger
    one fails at each upload.

    Leave ``rbd_store_chunk_size`` at 8, or set 4, 16 or 32. It is for images
    that are still to come; those that exist keep theirs.
    """

    code = 'GLC210'
    bad = (
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:rbd\n'
         '[glance_store]\ndefault_backend = a\n'
         '[a]\nrbd_store_user = glance\nrbd_store_chunk_size = 12\n'},
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:rbd\n'
         '[glance_store]\ndefault_backend = a\n'
         '[a]\nrbd_store_user = glance\nrbd_store_chunk_size = 64\n'},
    )
    good = ({'glance-api.conf': '[DEFAULT]\nenabled_backends = a:rbd\n'
             '[glance_store]\ndefault_backend = a\n'
             '[a]\nrbd_store_user = glance\nrbd_store_chunk_size = 8\n'},
            )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for store, driver in host.stores.items():
            size = host.value(store, 'rbd_store_chunk_size') if (
                driver == 'rbd') else None
            if not size or (size <= _MOST and size & (size - 1) == 0):
                continue
            # Whoever wrote bytes meant so many MiB.
            meant = size >> 20 if size >= 1 << 20 else size
            used = 1 << (min(meant, _MOST).bit_length() - 1)
            yield self.found(
                host, 'store %s' % masking.name(store),
                'The objects of the store %s cannot be of %d MiB: %s.' % (
                    masking.name(store), size, 'Ceph has none larger than 32'
                    if size > _MOST else 'they are of %d MiB' % used) + (
                        ' The unit is MiB, not bytes.' if meant != size
                        else ''),
                'Set rbd_store_chunk_size = %d in [%s].' % (
                    used, masking.name(store)),
                host.setting(store, 'rbd_store_chunk_size'),
                severity=check.ERROR if size > _MOST else None)
