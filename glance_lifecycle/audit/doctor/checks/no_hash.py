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

"""GLC916"""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class NoHash(check.LiveCheck):
    """Active images have no hash.

    Nobody can tell whether what is stored is what was imported: not Glance,
    when it is downloaded, nor ``lifecycle store verify``. That is so where a
    location was registered and Glance did not read the data.

    Import them again, or let their locations be validated. What Nova makes of
    a server in Ceph has none either, and is not counted.
    """

    code = 'GLC916'
    bad = (
        {'live.json': '{"images": [{"id": "d7c7", "disk_format": "raw", '
         '"size": 5, "checksum": null, "os_hash_value": null}]}'},
    )
    good = (
        {'live.json': '{"images": [{"id": "d7c7", "size": 5, '
         '"os_hash_value": "8f3b"}, {"id": "1a2b", "size": 5, '
         '"os_hash_value": null, "image_type": "snapshot"}, {"id": "3c4d", '
         '"size": 0, "os_hash_value": null}]}'},
        {'live.json': '{"images": null}'},
    )

    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        without = [str(one.get('id')) for one in live.images or ()
                   if one.get('size') and not one.get('os_hash_value')
                   and one.get('image_type') != 'snapshot']
        if without:
            yield self.found(
                (), 'images without a hash', '%d of %d active images that '
                'were looked at have none: %s%s.' % (
                    len(without), len(live.images or ()), ', '.join(
                        map(masking.name, without[:_MOST])),
                    ', ...' if len(without) > _MOST else ''),
                'Import them again, and compare what you then have with '
                'what their makers publish.')


_MOST = 5
