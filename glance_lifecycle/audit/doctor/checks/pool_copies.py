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
"""GLC926"""

from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import pools


class PoolCopies(pools.PoolCheck):
    """A pool of Glance's keeps too few copies of its objects.

    With one copy, a disk that fails takes images with it, and with them all
    servers and volumes that were cloned of these. Where ``min_size`` is 1,
    data is written, and confirmed, while only one copy is left: what fails
    next, loses it.

    Let the pool keep three copies, and write with two.
    """

    code = 'GLC926'
    bad = (
        {'live.json': '{"pools": [{"host": "h", "store": "fast", "pool": '
         '"images", "user": "glance", "size": 1, "min_size": 1}]}'},
        {'live.json': '{"pools": [{"host": "h", "store": "fast", "pool": '
         '"images", "user": "glance", "size": 3, "min_size": 1}]}'},
    )
    good = ({'live.json': '{"pools": [{"host": "h", "store": "fast", "pool": '
             '"images", "user": "glance", "size": 3, "min_size": 2}]}'},)

    def pool(self, pool: lives.Pool) -> pools.Told | None:
        name = masking.name(pool.pool)
        if pool.erasure or 1 not in (pool.size, pool.min_size):
            return None
        return pools.Told(
            'The pool %s has size = %d and min_size = %d.' % (
                name, pool.size, pool.min_size),
            'Run: ceph osd pool set %s size 3 && ceph osd pool set %s '
            'min_size 2. The cluster copies the data then, and needs the '
            'room.' % (name, name))
