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
"""GLC929"""

from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import pools


class CephUserMayAll(pools.PoolCheck):
    """Glance's user in Ceph may read the keys of all others.

    So whoever gets at the key on a host of glance-api owns the cluster: every
    volume, every server's disk, every other user. Glance needs its own pool
    and no more.

    Give the user the capabilities of the profile, or Glance a user of its
    own.
    """

    code = 'GLC929'
    bad = ({'live.json': '{"pools": [{"host": "h", "store": "fast", "pool": '
            '"images", "user": "admin", "administers": true}]}'},)
    good = ({'live.json': '{"pools": [{"host": "h", "store": "fast", "pool": '
             '"images", "user": "glance", "administers": false}]}'},)

    def pool(self, pool: lives.Pool) -> pools.Told | None:
        if not pool.administers:
            return None
        user, caps = pools.user(pool), pools.caps(pool)
        return pools.Told(
            '%s may read all keys of the cluster.' % user,
            'Run: ceph auth get-or-create client.glance %s -o '
            '/etc/ceph/ceph.client.glance.keyring. Then set rbd_store_user '
            '= glance.' % caps if user == 'client.admin' else
            'Run: ceph auth caps %s %s.' % (user, caps))
