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


"""The sink that stores nothing: the no-op twin, for tests and timing."""

from collections.abc import Sequence
import time
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer import sink


class NullSink(sink.Sink):
    """Counts bytes, and fails where ``options`` say so.

    Options, all optional: ``fail_at``, the offset at which a write or zero
    that reaches it fails; ``fail_in``, the method that fails (``begin`` or
    ``commit``); ``error``, the name of the exception (``StoreError``);
    ``delay``, seconds that every write takes.
    """

    def __init__(self, store: str, image_id: str,
                 options: dict[str, Any]) -> None:
        super().__init__(store, image_id, options)
        self.calls: list[str] = []
        self._written = 0

    @classmethod
    def describe(cls, conf: Any, store: str) -> dict[str, Any]:
        return {}

    @classmethod
    def undo(cls, store: str, image_id: str, options: dict[str, Any],
             created: Sequence[sink.Mark]) -> bool:
        return False

    @classmethod
    def absent(cls, store: str, image_id: str,
               options: dict[str, Any]) -> sink.Mark:
        return {'absent': True}

    def begin(self, size: int, data_size: int | None = None) -> None:
        self._enter('begin')

    def write(self, offset: int, data: memoryview) -> None:
        self._enter('write')
        self._reach(offset + len(data))
        self._written += len(data)

    def zero(self, offset: int, length: int) -> None:
        self._enter('zero')
        self._reach(offset + length)

    def commit(self) -> sink.Stored:
        self._enter('commit')
        return sink.Stored(url='null://%s' % self.image_id,
                           metadata={'store': self.store})

    def abort(self) -> None:
        self.calls.append('abort')

    @property
    def bytes_written(self) -> int:
        return self._written

    def _enter(self, method: str) -> None:
        self.calls.append(method)
        if method == 'write' and self.options.get('delay'):
            time.sleep(self.options['delay'])
        if self.options.get('fail_in') == method:
            raise self._error()

    def _reach(self, end: int) -> None:
        fail_at = self.options.get('fail_at')
        if fail_at is not None and end > fail_at:
            raise self._error()

    def _error(self) -> exceptions.LifecycleError:
        return exceptions.from_dict({
            'error': self.options.get('error', 'StoreError'),
            'fields': {'store': self.store, 'detail': 'made to fail'}})
