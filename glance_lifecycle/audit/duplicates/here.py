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
            progress: Callable[[str, int], None] | None = None,
            note: Callable[[str], object] = str
            ) -> Iterator[grouping.Grouping]:
    """All active images, grouped.

    :param stores: only copies in these count; none for all
    :param deep: read what no hash compares
    :param progress: called with the image that is read, and the bytes of it
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
            reading.joined(found, _Reader(progress, note).read)
        yield found
    finally:
        found.close()


def check_stores(stores: Sequence[str]) -> None:
    """:raises ConfigurationError: there is no such store"""
    kinds = glance_host.store_kinds() or {}
    for name in stores:
        if name not in kinds:
            raise exceptions.ConfigurationError(
                detail='store %s is not among enabled_backends, which has %s'
                % (name, ', '.join(kinds)))


def file_stores() -> list[str]:
    return [name for name, driver in (glance_host.store_kinds() or {}).items()
            if driver == FILE]


class _Reader:

    def __init__(self, progress: Callable[[str, int], None] | None,
                 note: Callable[[str], object]) -> None:
        self._progress = progress
        self._note = note

    def read(self, image_id: str, algorithm: str) -> str:
        """See ``reading.Read``; the first copy that can be read."""
        image = glance_host.stored_image(image_id)
        if image is None or image.status != 'active':
            return ''
        for copy in image.copies:
            try:
                return copy_jobs.digest(
                    image, copy_jobs.describe(image, copy), algorithm,
                    self._shown_by(image_id))
            except exceptions.LifecycleError as error:
                self._note('The copy of image %s in store %s was not read: '
                           '%s' % (image_id, copy.store, error.detail))
        return ''

    def _shown_by(self, image_id: str
                  ) -> Callable[[dict[str, object]], None]:
        def show(report: dict[str, object]) -> None:
            if self._progress is not None:
                self._progress(image_id, int(str(report['done'])))
        return show
