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
"""GLC927"""

from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import pools


class PoolApplication(pools.PoolCheck):
    """A pool of Glance's is not marked as one of RBD.

    Ceph warns of such a pool (POOL_APP_NOT_ENABLED), and a user whose
    capabilities are bound to the application may not use it. Nor do "rbd pool
    stats" and the dashboard show it.

    Enable the application. Nothing that is stored is changed by that.
    """

    code = 'GLC927'
    bad = ({'live.json': '{"pools": [{"host": "h", "store": "fast", "pool": '
            '"images", "user": "glance", "applications": []}]}'},)
    good = (
        {'live.json': '{"pools": [{"host": "h", "store": "fast", "pool": '
         '"images", "user": "glance", "applications": ["rbd"]}]}'},
        {'live.json': '{"pools": [{"host": "h", "store": "fast", "pool": '
         '"images", "user": "glance"}]}'},
    )

    def pool(self, pool: lives.Pool) -> pools.Told | None:
        name, others = masking.name(pool.pool), pool.applications
        if others is None or 'rbd' in others:
            return None
        if others:
            return pools.Told(
                'The pool %s is for %s.' % (name, ', '.join(
                    map(masking.name, others))),
                'Use a pool of its own for images.')
        return pools.Told('The pool %s is for no application.' % name,
                          'Run: rbd pool init %s.' % name)
