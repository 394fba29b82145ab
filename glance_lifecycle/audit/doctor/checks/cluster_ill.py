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
"""GLC930"""

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import pools


class ClusterIll(pools.PoolCheck):
    """A Ceph cluster of Glance's says itself that something is broken.

    Of what it calls an error, not of what it only warns of. Imports into it
    hang or fail then, and for no reason that Glance knows.

    Mend the cluster first.
    """

    code = 'GLC930'
    severity = check.ERROR
    bad = ({'live.json': '{"pools": [{"host": "h", "store": "fast", "pool": '
            '"images", "user": "glance", "errors": ["OSD_FULL"]}]}'},)
    good = ({'live.json': '{"pools": [{"host": "h", "store": "fast", "pool": '
             '"images", "user": "glance", "errors": []}]}'},)

    def pool(self, pool: lives.Pool) -> pools.Told | None:
        return pools.Told(
            'The cluster reports %s.' % ', '.join(
                map(masking.name, pool.errors)),
            'See: ceph health detail.') if pool.errors else None
