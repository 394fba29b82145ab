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

"""What the monitors know about the room in a pool.

Without a manager daemon they know of no usage, but still of flags.
"""

import errno
import json
from typing import Any

# errno -> what it means for a pool
FULL_WORDS = {
    errno.ENOSPC: 'the cluster has no room left in pool %s',
    errno.EDQUOT: 'the quota of pool %s is used up',
}

# Flags of a pool in "ceph osd pool ls detail", the more telling ones first.
_FLAGS = {
    'full_quota': FULL_WORDS[errno.EDQUOT],
    'full': FULL_WORDS[errno.ENOSPC],
}


def ask(client: Any, command: dict[str, str]) -> Any:
    """What the monitors answer, None where the user may not ask.

    :param client: a connected ``rados.Rados``
    :raises OSError: with the error that they answered
    """
    result, answer, text = client.mon_command(
        json.dumps({**command, 'format': 'json'}), b'')
    if result in (-errno.EACCES, -errno.EPERM):
        return None
    if result < 0:
        raise OSError(-result, text)
    return json.loads(answer)


def full_flag(pool: dict[str, Any]) -> str | None:
    """Why nothing can be written to the pool at all, if that is so.

    :param pool: an element of ``ceph osd pool ls detail``
    """
    flags = pool.get('flags_names', '').split(',')
    for flag, words in _FLAGS.items():
        if flag in flags:
            return words % str(pool['pool_name'])
    return None


def shortage(pool: dict[str, Any], usage: dict[str, Any] | None,
             need: int) -> str | None:
    """Why ``need`` more bytes cannot fit, None where they may.

    :param usage: the answer to ``ceph df``
    """
    if not pool:
        return None
    flag = full_flag(pool)
    if flag:
        return flag
    name = str(pool['pool_name'])
    known: list[dict[str, Any]] = [
        p['stats'] for p in (usage or {}).get('pools', ())
        if p['name'] == name]
    if not known:
        return None
    room = int(known[0]['max_avail'])
    if need > room:
        return ('%d bytes are free in pool %s, not the %d that the image '
                'needs' % (room, name, need))
    quota = int(pool.get('quota_max_bytes', 0))
    left = quota - int(known[0].get('stored', 0))
    if quota and need > left:
        return ('the quota of pool %s leaves %d bytes, not the %d that the '
                'image needs' % (name, max(0, left), need))
    return None
