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

"""The no-op twin of the stored copies: zeros, for tests."""

from collections.abc import Iterator
from typing import Any

from glance_lifecycle.transfer.backends import stored
from glance_lifecycle.transfer import extents


class StoredNull(stored.StoredSource):
    """A copy that is all zeros, as large as it should be."""

    def __init__(self, fd: int = -1, *, store: str,
                 size: int | None = None) -> None:
        super().__init__(fd, store=store, size=size)
        self.virtual_size = size or 0

    @classmethod
    def describe(cls, conf: Any, store: str, url: str,
                 size: int | None) -> dict[str, Any]:
        return {'store': store, 'size': size}

    def extents(self) -> Iterator[extents.Extent]:
        if self.virtual_size:
            yield extents.Extent(0, self.virtual_size, extents.Kind.ZERO)

    def read_into(self, offset: int, buffer: memoryview) -> None:
        buffer[:] = bytes(len(buffer))

    @property
    def bytes_read(self) -> int:
        return 0

    @property
    def fingerprint(self) -> str:
        return 'null'

    def close(self) -> None:
        pass
