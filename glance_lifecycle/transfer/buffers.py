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

"""A bounded set of reusable buffers: what keeps memory bounded.

Anonymous ``mmap`` memory is page-aligned, which O_DIRECT asks for, and goes
back to the system when the transfer ends.
"""

import mmap
import threading


class Stopped(Exception):
    """The transfer is being stopped; raised out of every wait."""


class BufferPool:
    """At most ``count`` buffers of ``size`` bytes each, lent one at a time.

    Buffers are made at first need: a 16 MiB image never makes them all.
    """

    def __init__(self, count: int, size: int) -> None:
        self.size = size
        self._left_to_make = count
        self._free: list[memoryview] = []
        self._stopped = False
        self._changed = threading.Condition()

    def take(self) -> memoryview:
        """A buffer, waiting until one is free.

        :raises Stopped: ``stop()`` was called
        """
        with self._changed:
            while not self._stopped:
                if self._free:
                    return self._free.pop()
                if self._left_to_make:
                    self._left_to_make -= 1
                    return memoryview(mmap.mmap(-1, self.size))
                self._changed.wait()
            raise Stopped()

    def give_back(self, buffer: memoryview) -> None:
        with self._changed:
            self._free.append(buffer)
            self._changed.notify()

    def stop(self) -> None:
        """Wake and refuse everybody who waits, now and later."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
