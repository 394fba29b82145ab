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


"""What a decoded image holds, looked at as it passes.

The content of a qcow2 or VDI is stored as raw, and a raw image that begins
like a qcow2 with a backing file is opened as one by a program that guesses.
So it is inspected as a raw file with these bytes is at its admission, on the
very bytes that are hashed and stored.
"""

from collections.abc import Mapping
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.formats import detect
from glance_lifecycle.transfer.formats import inspect
from glance_lifecycle.transfer import window
from glance_lifecycle.transfer import zeros


class Content:
    """Sees the windows in which a format has its mark.

    Most images have shown what they are within their first 256 KiB; zeros
    are looked at as far as they are asked for, at most ``detect.HEAD``.

    :param size: of the content, in bytes
    :param disk_format: what it is decoded from, for messages
    :param rules: fields of ``inspect.Rules``
    """

    def __init__(self, size: int, disk_format: str,
                 rules: Mapping[str, Any]) -> None:
        self._size = size
        self._format = disk_format
        self._rules = inspect.rules_of(rules)
        self._detector = detect.Detector(size)
        self._head = b''
        self._tail = b''
        self._found: inspect.Inspection | None = None

    def wants(self, win: window.Window) -> bool:
        # The other thread may be some windows behind: it then gets more
        # than it needs, never less.
        return win.end > self._size - detect.CHUNK or (
            self._found is None and win.start < detect.HEAD)

    def look(self, win: window.Window, view: memoryview | None) -> None:
        """See Looker."""
        if not win.start:
            self._head = self._bytes(win, view, 0, inspect.END)
        while (self._found is None
               and (at := self._detector.position) is not None
               and win.start <= at < win.end):
            self._detector.feed(self._bytes(win, view, at, detect.CHUNK))
        if self._found is None and self._detector.position is None:
            self._judge()
        end = max(self._size - inspect.END, win.start)
        if win.end > end:
            # It may be cut by a window's border.
            self._tail += self._bytes(win, view, end, inspect.END)

    def finish(self) -> None:
        """See Looker."""
        if self._found is None:
            self._judge()
        assert self._found is not None  # noqa: S101 - for mypy
        try:
            inspect.check_end(self._found, self._tail)
        except exceptions.ImageRefused as error:
            raise self._refusal(error) from error

    def _judge(self) -> None:
        try:
            found = inspect.judge(self._detector, self._size, self._head,
                                  self._rules, 'raw')
        except exceptions.ImageRefused as error:
            raise self._refusal(error) from error
        try:
            inspect.check_declared(found, 'raw', self._rules)
        except exceptions.ImageRefused as error:
            raise exceptions.ImageRefused(
                reason=error.reason,
                detail='the disk in the %s file begins like a file of format '
                '%s and would be taken for one. If that is what you mean to '
                'upload, take it out ("qemu-img convert -O raw") and set '
                'disk_format=%s.' % (self._format, found.format,
                                     found.format)) from error
        self._found = found

    def _refusal(self, error: exceptions.ImageRefused
                 ) -> exceptions.ImageRefused:
        return exceptions.ImageRefused(**error.fields | {
            'detail': 'the disk in the %s file is refused, as it would be if '
            'it were uploaded as raw: %s' % (
                self._format, error.fields['detail'])})

    def _bytes(self, win: window.Window, view: memoryview | None, at: int,
               length: int) -> bytes:
        """What the window holds of these, from ``at`` on."""
        length = min(length, win.end - at)
        if view is None:
            return bytes(zeros.BLOCK[:length])
        return bytes(view[at - win.start:at - win.start + length])
