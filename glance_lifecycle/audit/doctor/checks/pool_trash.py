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
"""GLC928"""

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import pools


class PoolTrash(pools.PoolCheck):
    """Deleted images lie in Ceph's trash, and nothing takes them out.

    The driver moves an image there that cannot be removed because clones hang
    on it. When the clones are gone it stays there, with all its bytes, and no
    service of OpenStack looks at it again.

    Empty the trash from time to time. What still has clones is kept.
    """

    code = 'GLC928'
    severity = check.INFO
    bad = ({'live.json': '{"pools": [{"host": "h", "store": "fast", "pool": '
            '"images", "user": "glance", "expired": 3}]}'},)
    good = ({'live.json': '{"pools": [{"host": "h", "store": "fast", "pool": '
             '"images", "user": "glance", "expired": 0}]}'},)

    def pool(self, pool: lives.Pool) -> pools.Told | None:
        name = masking.name(pool.pool)
        return pools.Told(
            'The time of %d images in the trash of pool %s is over.' % (
                pool.expired, name),
            'List them: rbd trash ls --long %s. Then run: rbd trash purge '
            '%s. It removes those that no clone needs.' % (name, name),
            destructive=True) if pool.expired else None
