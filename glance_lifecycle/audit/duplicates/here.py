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

"""The images of this host's Glance, compared with each other.

It needs Glance: import it where one is known to be.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib

from glance_lifecycle.audit.duplicates import grouping
from glance_lifecycle.audit.duplicates import members
from glance_lifecycle.audit.duplicates import reading
from glance_lifecycle.audit.duplicates import sources
from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.jobs import copies as copy_jobs

#: The driver whose stores are directories.
FILE = 'file'


@contextlib.contextmanager
def grouped(stores: Sequence[str] = (), *, deep: bool = False,
            begin: Callable[[int], Callable[[int], object]] | None = None,
            note: Callable[[str], object] = str
            ) -> Iterator[grouping.Grouping]:
    """All active images, grouped.

    :param stores: only copies in these count; none for all
    :param deep: read what no hash compares
    :param begin: called with the bytes that are to be read; what it returns,
        with those that were read by then
    :param note: called with a sentence on what could not be read
    :raises ConfigurationError: there is no such store
    :raises LifecycleError: the database cannot be read
    """
    check_stores(stores)
    found = grouping.Grouping(deep)
    try:
        for image in glance_host.known_contents():
            member = members.of(image, stores)
            if member is not None:
                found.add(image, member, sources.of(image))
        found.join_sources()
        if deep:
            at = begin(reading.total(found)) if begin is not None else None
            reading.joined(found, _Reader(at, note).read)
        yield found
    finally:
        found.close()


def check_stores(stores: Sequence[str]) -> None:
    """:raises ConfigurationError: there is no such store"""
    kinds = glance_host.store_kinds() or {}
    for name in stores:
        if name not in kinds:
            raise exceptions.InputRefused(
                detail='Store %s is not among enabled_backends, which has %s'
                % (name, ', '.join(kinds)))


def file_stores() -> list[str]:
    return [name for name, driver in (glance_host.store_kinds() or {}).items()
            if driver == FILE]


class _Reader:

    def __init__(self, at: Callable[[int], object] | None,
                 note: Callable[[str], object]) -> None:
        self._at = at
        self._note = note
        self._done = 0

    def read(self, image_id: str, algorithm: str) -> str:
        """See ``reading.Read``; the first copy that can be read."""
        image = glance_host.stored_image(image_id)
        if image is None or image.status != 'active':
            return ''
        for copy in image.copies:
            try:
                digest = copy_jobs.digest(
                    image, copy_jobs.describe(image, copy), algorithm,
                    self._show)
            except exceptions.LifecycleError as error:
                self._note('The copy of image %s in store %s was not read: '
                           '%s' % (image_id, copy.store, error.detail))
            else:
                self._done += image.size or 0
                return digest
        return ''

    def _show(self, report: dict[str, object]) -> None:
        if self._at is not None:
            self._at(self._done + int(str(report['done'])))
