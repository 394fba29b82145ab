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


"""Recognise a format in bytes that are fed from the front.

The inspectors are oslo.utils'. They are fed the same pieces whether a file is
read for it or its bytes pass on their way into a store, so that the answer is
the same.
"""

import io
from typing import cast
from typing import IO

from oslo_utils.imageutils import format_inspector

from glance_lifecycle import exceptions

CHUNK = 64 * 1024

# An image that is not recognised within this much is not read on: only a
# VHDX whose metadata lie further away than any tool puts them (2 MiB) would
# be. Without the bound, 32 bytes at 192 KiB make oslo.utils read it all.
HEAD = 64 * 1024 * 1024

# Past this a VMDK has shown all but its footer, which is at the very end;
# its descriptor ends before. A streamOptimized image is not read through.
VMDK_HEAD = 2 * 1024 * 1024
VMDK_MAGIC = b'KDMV'

# Shorter files are looked at again, padded with zeros: oslo.utils takes a
# header that ends early for raw data, qemu might not.
SHORT = 1024


class Detector:
    """All inspectors, over one file of a known size.

    :ivar position: offset of the byte that is wanted next; None when no
        more is
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._pipe = io.BytesIO()
        self._wrapper = format_inspector.InspectWrapper(
            cast(IO[bytes], self._pipe))
        self._limit = HEAD
        self._is_vmdk = False
        self._tail = False
        self._short = b''
        self.position: int | None = 0 if size else None

    def feed(self, data: bytes) -> None:
        """Take the bytes from ``position`` on.

        :param data: at most CHUNK of them; fewer only before the file's end,
            or where the position is past the head
        :raises ImageRefused: ``format-unknown``, an inspector broke
        """
        assert self.position is not None  # noqa: S101 - for mypy
        if self.position == 0 and data.startswith(VMDK_MAGIC):
            # Of a VMDK then the last chunk, for its footer.
            self._is_vmdk, self._limit = True, VMDK_HEAD
        if self._size < SHORT:
            self._short += data
        end = self.position + len(data)
        self._pipe.seek(0)
        self._pipe.truncate()
        self._pipe.write(data)
        self._pipe.seek(0)
        try:
            self._wrapper.read(len(data))
            decided = not self._tail and self._wrapper.formats is not None
        except Exception as error:
            raise _unknown() from error
        if not self._tail and not decided and end >= self._limit:
            decided, self._tail = not self._is_vmdk, self._is_vmdk
            end = max(end, self._size - CHUNK)
        self.position = None if decided or end >= self._size else end

    def finish(self) -> format_inspector.FileInspector:
        """The one that recognised the file.

        :raises ImageRefused: ``format-unknown``, ``format-ambiguous``
        """
        self.position = None
        found = self._found()
        if self._size < SHORT and found.NAME == 'raw':
            again = Detector(SHORT)
            again.feed(self._short.ljust(SHORT, b'\0'))
            found = again.finish()
        return found

    def _found(self) -> format_inspector.FileInspector:
        try:
            self._wrapper.close()
            matches = {i.NAME: i for i in self._wrapper.formats or []}
        except Exception as error:
            raise _unknown() from error
        if matches.keys() == {'iso', 'gpt'}:
            # A bootable ISO may have a partition table in front.
            return matches['iso']
        if len(matches) > 1:
            raise exceptions.ImageRefused(
                reason='format-ambiguous',
                detail='the file is several formats at once: %s. That is how '
                'one image is hidden in another, so none is trusted.' % (
                    ', '.join(sorted(matches))))
        return next(iter(matches.values()))


def _unknown() -> exceptions.ImageRefused:
    """Whatever a hostile file makes an inspector raise, it is not recognised.

    (A text file with non-ASCII behind its first sector is an AttributeError
    in oslo.utils 10.)
    """
    return exceptions.ImageRefused(
        reason='format-unknown',
        detail='the format of the file cannot be determined. Convert it with '
        '"qemu-img convert" and upload the result.')
