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

"""What lies in one place of this host, and what is said of it.

A place is listed in batches, and of each batch the tasks, the journals and
the database are asked after it was listed: what was begun meanwhile is known
by one of these. What looks stale is looked at once more, after that.
"""

import abc
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import functools
import itertools
from typing import ClassVar
from typing import Protocol

from glance_lifecycle.audit.hygiene import claims
from glance_lifecycle.audit.hygiene import confirming
from glance_lifecycle.audit.hygiene import examination
from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.audit.hygiene.local import found
from glance_lifecycle.audit.hygiene.local import listing
from glance_lifecycle.audit.hygiene import wording
from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import inventory
from glance_lifecycle.transfer import lease

# Files, of which each may ask for two images in one statement.
_BATCH = 400

UNKNOWN = 'This Glance knows no image of that id.'
DELETED = 'The image is deleted.'

_NO_IMAGES = found.Verdict(
    found.UNCLEAR, 'The database of this Glance has no image at all, so that '
    'it may be the wrong one.')
_NOT_TOLD = found.Verdict(
    found.UNCLEAR, 'It looks needless, and nobody can tell whether a process '
    'has it open: its file system does not say so, or it is of another user.')


class Host(confirming.Host, Protocol):
    """Where Glance's database is."""

    def images(self) -> Iterator[claims.Image]:
        """All that it knows, the deleted ones too."""

    def marks(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """What imports and copies have marked these images with; see
        ``glance_host.some_marks``.
        """


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """Of the images of some files, as they are now.

    :ivar known: id, in small letters -> the image, if it is known
    :ivar marks: id -> what it is marked with
    :ivar busy: images of tasks and journals, in small letters
    """

    times: judging.Times
    known: Mapping[str, claims.Image]
    marks: Mapping[str, Mapping[str, str]]
    busy: frozenset[str]

    def image(self, image_id: str) -> claims.Image | None:
        """As MariaDB takes them, ids are the same in large letters."""
        return self.known.get(image_id.lower())

    def gone(self, image_id: str) -> str:
        """Why nobody needs what is kept of it; empty where that is not so."""
        image = self.image(image_id)
        if image is None:
            return UNKNOWN
        if image.deleted and not self.times.is_young(image.changed):
            return DELETED
        return ''


class Place(abc.ABC):
    """:param path: of its directory

    :cvar name: as ``--store`` takes it
    """

    name: ClassVar[str]

    def __init__(self, path: str) -> None:
        self.path = path

    @abc.abstractmethod
    def items(self, host: Host, times: judging.Times,
              totals: examination.Totals) -> Iterator[wording.Item]:
        """All that is to be said of it.

        :param totals: counts what is there
        :raises OSError: it cannot be listed to its end
        :raises LifecycleError: the database or the journals cannot be read
        """

    def count(self, file: listing.File, totals: examination.Totals) -> None:
        totals.objects += 1
        totals.held += file.allocated


class Files(Place):
    """One whose files are judged one by one.

    :cvar opened: what somebody may have open who needs it
    """

    opened: ClassVar[frozenset[listing.Kind]] = frozenset()

    @abc.abstractmethod
    def files(self) -> Iterator[listing.File]:
        """All that is there, in any order.

        :raises OSError: it cannot be listed to its end
        """

    @abc.abstractmethod
    def verdict(self, file: listing.File, facts: Facts
                ) -> found.Verdict | None:
        """None where nothing is to be said.

        :param file: not of the kind OTHER, and not younger than the grace
        """

    def items(self, host: Host, times: judging.Times,
              totals: examination.Totals) -> Iterator[wording.Item]:
        has_images = functools.cache(
            lambda: next(host.images(), None) is not None)
        for batch in _batched(self._old(times, totals)):
            facts = _facts(host, times, batch)
            for file in batch:
                verdict = self.verdict(file, facts)
                if verdict and verdict.stale:
                    verdict = self._again(file, verdict)
                    if verdict and file.image_id and not has_images():
                        verdict = _NO_IMAGES
                if verdict:
                    yield found.item(self.name, file, verdict, times)

    def _old(self, times: judging.Times, totals: examination.Totals
             ) -> Iterator[listing.File]:
        for number, file in enumerate(self.files()):
            if number >= inventory.MOST:
                raise exceptions.ConfigurationError(
                    detail='there are more than %d files' % inventory.MOST)
            self.count(file, totals)
            if file.kind is not listing.Kind.OTHER and not times.is_young(
                    file.changed):
                yield file

    def _again(self, file: listing.File, verdict: found.Verdict
               ) -> found.Verdict | None:
        """The same, if nobody has the file open, and it is as it was."""
        if file.kind in self.opened:
            now = listing.use(file)
            if now is lease.Use.OPEN:
                return None
            if now is lease.Use.UNKNOWN and listing.same(file):
                return _NOT_TOLD
        return verdict if listing.same(file) else None


def _facts(host: Host, times: judging.Times, batch: Iterable[listing.File]
           ) -> Facts:
    ids = {one for file in batch if file.image_id
           for one in (file.image_id, file.image_id.lower())}
    # First: what ends meanwhile has changed the database before that.
    busy = frozenset(one.lower() for one in host.busy())
    known: dict[str, claims.Image] = {}
    for image in host.some(sorted(ids)).values() if ids else ():
        if image.deleted:
            known.setdefault(image.id.lower(), image)
        else:
            known[image.id.lower()] = image
    marks = host.marks([image.id for image in known.values()
                        if not image.deleted]) if known else {}
    return Facts(times, known, marks, busy)


def _batched(files: Iterable[listing.File]) -> Iterator[list[listing.File]]:
    # itertools has it from Python 3.12 on.
    left = iter(files)
    while batch := list(itertools.islice(left, _BATCH)):
        yield batch
