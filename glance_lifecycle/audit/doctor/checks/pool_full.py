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
"""GLC925"""

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import pools


class PoolFull(pools.PoolCheck):
    """A pool of Glance's has no room, or hardly any.

    When it is full, uploads and imports into the store fail, and so does
    everything else that writes to the same disks: volumes and servers too.

    Add disks, delete images that nobody needs, or let new images go into
    another store.
    """

    code = 'GLC925'
    bad = (
        {'live.json': '{"pools": [{"host": "h", "store": "fast", "pool": '
         '"images", "user": "glance", "full": "nearfull"}]}'},
        {'live.json': '{"pools": [{"host": "h", "store": "fast", "pool": '
         '"images", "user": "glance", "used": 900, "free": 100}]}'},
    )
    good = (
        {'live.json': '{"pools": [{"host": "h", "store": "fast", "pool": '
         '"images", "user": "glance", "used": 500, "free": 500}]}'},
        # The cluster has no manager that knows.
        {'live.json': '{"pools": [{"host": "h", "store": "fast", "pool": '
         '"images", "user": "glance"}]}'},
    )

    def pool(self, pool: lives.Pool) -> pools.Told | None:
        told = _WORDS.get(pool.full)
        used, free = pool.used or 0, pool.free
        if told is None and free is not None and (
                used + free > 0 and used / (used + free) >= _NEARLY):
            told = 'is used to %d %%: %d GiB are free' % (
                100 * used / (used + free), free >> 30), check.WARNING
        return told and pools.Told(
            'The pool %s %s.' % (masking.name(pool.pool), told[0]),
            'See what uses the room: ceph df detail. Then add disks, or '
            'delete what nobody needs.', severity=told[1])


# Ceph itself warns of an OSD at this (mon_osd_nearfull_ratio), and of the
# fullest one, by which "free" is reckoned.
_NEARLY = 0.85

_WORDS = {
    'full_quota': ('has used up its quota', check.ERROR),
    'full': ('is full: nothing is written', check.ERROR),
    'backfillfull': ('is nearly full', check.WARNING),
    'nearfull': ('is nearly full', check.WARNING),
}
