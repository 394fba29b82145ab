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

"""What imports, copies and workers have left in ``[lifecycle] state_dir``.

Lock files that are used again and again (``reclaim.lock``, those of
``dependents``) are never stale: who removed one could let two have it.
"""

from collections.abc import Callable
from collections.abc import Iterator
import fcntl
import os
from typing import Protocol

from oslo_utils import uuidutils

from glance_lifecycle.audit.hygiene.local import found
from glance_lifecycle.audit.hygiene.local import listing
from glance_lifecycle.audit.hygiene.local import place
from glance_lifecycle.transfer import journal_file
from glance_lifecycle.transfer import journal_record
from glance_lifecycle.transfer import journals

Kind = listing.Kind

# Of ``worker.liveness``.
_WORKERS = 'workers'

# Seconds after which nobody writes a record any more; see ``copies.verified``.
_DEAD = 3600

_RECOVER = ('Run "glance-lifecycle-manage recover" as the user of glance-api, '
            'which undoes what it tells of, or says what is in the way.')
_UNDONE = 'The next "glance-lifecycle-manage recover" removes it.'
_WORKER = ('Start glance-lifecycle-worker on this host, which removes it when '
           'it cleans.')
_BY_HAND = 'Remove the file: nobody will ever lock it again.'


class Records(Protocol):
    """Of verified copies, as ``copies.verified`` names them."""

    @property
    def DIRECTORY(self) -> str:
        """In the state directory."""

    def image_of(self, name: str) -> str:
        """The image whose record a file is; empty for none."""

    def is_temporary(self, name: str) -> bool:
        """Whether a file is a record that is being written."""


class StateDir(place.Files):
    """:param has_worker: whether a worker is to end what a journal tells of
    """

    name = 'state_dir'

    def __init__(self, path: str,
                 has_worker: Callable[[journal_record.Record], bool],
                 records: Records) -> None:
        super().__init__(path)
        self._has_worker = has_worker
        self._records = records

    def files(self) -> Iterator[listing.File]:
        yield from self._in(journal_file.DIRECTORY, _of_transfers)
        yield from self._in(_WORKERS, _of_workers)
        yield from self._in(self._records.DIRECTORY, self._of_verified)

    def _in(self, name: str, kind: Callable[[str], tuple[Kind, str]]
            ) -> Iterator[listing.File]:
        path = os.path.join(self.path, name)
        for one, status in listing.scan(path, inner=True):
            yield listing.made(path, one, status, *kind(one))

    def verdict(self, file: listing.File, facts: place.Facts
                ) -> found.Verdict | None:
        if file.kind is Kind.JOURNAL:
            return self._journal(file)
        if file.kind is Kind.LOCK:
            return _lock(file)
        if file.kind is Kind.TEMPORARY:
            if facts.times.now - file.changed < _DEAD:
                return None
            return found.Verdict(
                found.RECORD, 'It is the beginning of a record whose writer '
                'died.', _WORKER)
        gone = facts.gone(file.image_id)
        return found.Verdict(
            found.RECORD, gone + ' The record says that a copy of it was '
            'verified.', _WORKER) if gone else None

    def _of_verified(self, name: str) -> tuple[Kind, str]:
        image_id = self._records.image_of(name)
        if image_id:
            return Kind.RECORD, image_id
        return (Kind.TEMPORARY if self._records.is_temporary(name)
                else Kind.OTHER), ''

    def _journal(self, file: listing.File) -> found.Verdict | None:
        seen = journals.look(self.path, file.name.removesuffix(
            journal_file.SUFFIX))
        if seen is None:
            return None
        record, alive = seen
        if alive or self._has_worker(record):
            return None
        return found.Verdict(
            found.JOURNAL, 'Nobody holds the journal of this import or copy, '
            'and nobody has recovered it.', _RECOVER, record.image_id)


def _of_transfers(name: str) -> tuple[Kind, str]:
    if name.endswith(journal_file.SUFFIX):
        return Kind.JOURNAL, ''
    if name.endswith((journal_file.AWAITED_SUFFIX, journal_file.NEW_SUFFIX)):
        return Kind.LOCK, ''
    return Kind.OTHER, ''


def _of_workers(name: str) -> tuple[Kind, str]:
    return (Kind.LOCK if uuidutils.is_uuid_like(name) else Kind.OTHER), ''


def _lock(file: listing.File) -> found.Verdict | None:
    awaited = file.name.endswith(journal_file.AWAITED_SUFFIX)
    if awaited and os.path.lexists(os.path.join(
            file.path, file.name.removesuffix(journal_file.AWAITED_SUFFIX)
            + journal_file.SUFFIX)):
        # It goes with its journal.
        return None
    free = _is_free(file)
    if free is None:
        return found.Verdict(
            found.UNCLEAR, 'It is a lock, and nobody can tell whether it is '
            'held.')
    if not free:
        return None
    if file.name.endswith(journal_file.NEW_SUFFIX):
        return found.Verdict(
            found.LOCK, 'It is the beginning of a journal whose writer died, '
            'and nobody holds it.', _UNDONE)
    if awaited:
        return found.Verdict(
            found.LOCK, 'It is the lock of who waits for an import that a '
            'worker runs; its journal is gone, and nobody holds it.',
            _BY_HAND)
    return found.Verdict(
        found.LOCK, 'It is the sign of life of a worker, and nobody holds '
        'it.', _BY_HAND)


def _is_free(file: listing.File) -> bool | None:
    """Whether nobody holds the lock; None where that cannot be told.

    Shared, and only of what is older than the grace: who makes a lock has
    locked it long ago.
    """
    try:
        fd = os.open(file.where, journal_file.LOOK | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return journal_file.lock(fd, fcntl.LOCK_SH)
    except OSError:
        return None
    finally:
        os.close(fd)
