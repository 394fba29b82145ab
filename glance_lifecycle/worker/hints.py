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

"""Images that somebody should look at, from who hears of them to who looks.

A hint may be lost: the sweep finds what it would have shown.
"""

import threading

from oslo_log import log as logging

LOG = logging.getLogger(__name__)

#: Images that wait at most. Half a megabyte of ids; and where so many have
#: changed, one sweep is cheaper than a look at each.
LIMIT = 10_000


class Hints:
    """Ids of images, each once, in the order they were first seen.

    Any number of threads may call any method.

    :param limit: distinct ids that wait at most; further ones are forgotten
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._changed = threading.Condition()
        # A dict keeps the order; a set would not.
        self._waiting: dict[str, None] = {}
        self._overflowed = False
        self._full = False
        self._closed = False

    def seen(self, image_id: str) -> None:
        """Have the image looked at; never waits for that."""
        with self._changed:
            if image_id in self._waiting:
                return
            if len(self._waiting) >= self._limit:
                self._overflowed = True
                # Until there is room again: not a line for each.
                tell, self._full = not self._full, True
            else:
                tell = False
                self._waiting[image_id] = None
                self._changed.notify()
        if tell:
            LOG.warning(
                '%s changed images wait to be looked at. Notifications of '
                'further ones are forgotten; the sweep finds what they would '
                'have shown. Start more workers, or let [lifecycle_worker] '
                'sweep_interval be shorter, if that happens often.',
                self._limit)

    def take(self, timeout: float | None) -> list[str]:
        """All ids that wait, oldest first; they wait no more.

        One that is seen again from now on waits again: what changed while
        it was being looked at is not lost.

        :param timeout: seconds to wait for the first; None: until there is
            one, or ``close()``
        :returns: empty where there was none in time
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._waiting or self._closed, timeout)
            taken, self._waiting = list(self._waiting), {}
            self._full = False
            return taken

    def overflowed(self) -> bool:
        """Whether any were forgotten since this was last asked."""
        with self._changed:
            told, self._overflowed = self._overflowed, False
            return told

    def close(self) -> None:
        """Let nobody wait in ``take()`` any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __len__(self) -> int:
        with self._changed:
            return len(self._waiting)
