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
"""GLC924"""

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import pools


class PoolRefused(pools.PoolCheck):
    """A Ceph cluster does not let Glance use the pool of a store.

    It was asked as glance-api asks it: by the same ceph.conf, as the same
    user, with the same key. No image of that store can be read, or none can
    be written, whatever the Image API says of the store.

    Correct what the evidence names: the pool, the key, or what the user of
    the key may do.
    """

    code = 'GLC924'
    severity = check.ERROR
    bad = (
        {'live.json': '{"pools": [{"host": "h", "store": "fast", "pool": '
         '"image", "user": "glance", "refused": "there is no pool image"}]}'},
        {'live.json': '{"pools": [{"host": "h", "store": "fast", "pool": '
         '"images", "user": "glance", "writes": false}]}'},
        {'live.json': '{"pools": [{"host": "h", "store": "fast", "pool": '
         '"images", "user": "glance", "erasure": true}]}'},
    )
    good = ({'live.json': '{"pools": [{"host": "h", "store": "fast", "pool": '
             '"images", "user": "glance", "size": 3, "min_size": 2}]}'},)

    def pool(self, pool: lives.Pool) -> pools.Told | None:
        name, user = masking.name(pool.pool), pools.user(pool)
        if pool.refused:
            return pools.Told(
                'Ceph does not let %s use the pool %s: %s.' % (
                    user, name, pool.refused.rstrip('.')),
                'Correct that, then try: rbd --name %s ls %s.' % (
                    user, name))
        if not pool.writes:
            return pools.Told(
                '%s may read the pool %s, and not write.' % (user, name),
                'Run: ceph auth caps %s %s. Name every other pool that it '
                'needs as well: it keeps no other capability.' % (
                    user, pools.caps(pool)))
        if pool.erasure:
            return pools.Told(
                'The pool %s is erasure-coded: it can hold data, and not '
                'what RBD notes of its images.' % name,
                'Name a replicated pool as rbd_store_pool, and this one as '
                'rbd_default_data_pool of [%s] in ceph.conf.' % user)
        return None
