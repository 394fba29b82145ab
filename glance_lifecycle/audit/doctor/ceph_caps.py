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

"""What a key of Ceph may, as its keyring has it.

https://docs.ceph.com/en/latest/rados/operations/user-management/
"""

import re

from glance_lifecycle.audit.doctor import service as services

_LONGEST = 10_000
_GRANT = re.compile(r'(?:allow +(?P<may>\*|all|[rwx]+)'
                    r'|profile +(?P<profile>[\w-]+))(?P<where>(?: +.*)?)')
_POOL = re.compile(r'(?:^| )pool[= ]([^ ,]+)')
_READING = ('rbd', 'rbd-read-only')


def may_read(caps: str, pool: str) -> bool | None:
    """Whether it may read any object of a pool; None if nobody can tell.

    :param caps: for "osd", such as ``profile rbd pool=vms``
    """
    answer: bool | None = False
    for grant in re.split('[,;]', caps[:_LONGEST]):
        match = _GRANT.fullmatch(grant.strip())
        if match is None:
            # Of some objects, or of a class: no more than that.
            continue
        may, profile = match['may'] or '', match['profile'] or ''
        if not (may in ('*', 'all') or 'r' in may
                or profile in _READING):
            continue
        where = match['where'].strip()
        named = _POOL.search(where)
        if named and named[1].strip('"\'') != pool:
            continue
        if where in ('', named[0].strip() if named else ''):
            return True
        # A name space, a tag, a network.
        answer = None
    return answer


def of_nova(service: services.Service) -> tuple[str, str]:
    """What the key of Nova may, and its name; both empty if not at hand.

    :raises Hidden: a report has taken it away
    """
    user = 'client.%s' % (service.value('libvirt', 'rbd_user') or 'admin')
    for name in ('ceph.%s.keyring' % user, '%s.keyring' % user.partition(
            '.')[2], 'keyring'):
        keyring = service.ceph_conf(name)
        found = keyring and keyring.options.get((user, 'caps_osd'))
        if found:
            return found[0], user
    return '', user
