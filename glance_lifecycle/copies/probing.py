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

"""Stores measured as imports use them: a scratch object, written and read.

It is written and read by the same sinks, sources and child process as images.
While it is there, a journal says so, as of a copy: whatever kills the probe,
the recovery of glance-api, or the next probe, removes what it has left. What
the journal of another host says is not known here, but the name says when the
probe began: after an hour its object is removed as well.
"""

from collections.abc import Callable
from collections.abc import Sequence
import datetime
import logging
import os
import time
from typing import Any
import uuid

from oslo_config import cfg

from glance_lifecycle.copies import probe_leftovers
from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.jobs import copies as copy_jobs
from glance_lifecycle.jobs import targets
from glance_lifecycle.recovery import plan as recovery_plan
from glance_lifecycle.recovery import undoing
from glance_lifecycle.transfer.backends import errors
from glance_lifecycle.transfer.backends.rbd import cloning
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import journal
from glance_lifecycle.transfer import runner

CONF = cfg.CONF
LOG = logging.getLogger(__name__)

PREFIX = probe_leftovers.PREFIX

_SOURCE = 'glance_lifecycle.transfer.formats.noise:NoiseSource'


def stores(named: Sequence[str], note: Callable[[str], None]) -> list[str]:
    """Those that can be measured.

    :param named: none for all
    :param note: told which cannot
    :raises ConfigurationError: one is none of this Glance
    """
    kinds = glance_host.store_kinds() or {}
    found = []
    for store in dict.fromkeys(named or kinds):
        if store not in kinds:
            raise exceptions.InputRefused(
                detail='There is no store %s; there are %s' % (
                    store, ', '.join(sorted(kinds))))
        if kinds[store] in probe_leftovers.DRIVERS:
            found.append(store)
        else:
            note('Store %s was not measured: stores of the driver %s are '
                 'not.' % (store, kinds[store]))
    return found


def measure(store: str, size: int,
            say: Callable[[str], None] = lambda text: None
            ) -> dict[str, float]:
    """``read_per_second``, ``write_per_second``; of Ceph ``clone_seconds``.

    :param size: bytes
    :param say: called with what is done now
    :raises LifecycleError: it cannot be measured
    """
    target, = targets.targets([store])
    probe_leftovers.remove(target)
    name = probe_leftovers.name(datetime.datetime.now(datetime.UTC))
    record = journal.create(CONF.lifecycle.state_dir, 'probe-%s'
                            % uuid.uuid4(), name)
    probe = _Probe(name, target, size, say)
    error: BaseException | None = None
    try:
        record.note(method=recovery_plan.STORE_COPY, targets=[target])
        return probe.run(record.fd)
    except BaseException as caught:
        error = caught
        raise
    finally:
        say('Removing %s from store %s' % (name, store))
        _tidy(record, probe, error)


def _tidy(record: journal.Journal, probe: '_Probe',
          error: BaseException | None) -> None:
    """Never raises: what is left is in the journal, for recovery."""
    try:
        probe.unclone()
        record.reread()
        left = undoing.undo(record, complete=undoing.told(error)).left
        if not left:
            record.remove()
    except Exception:
        LOG.exception('Cannot remove %s from store %s. The next probe, or '
                      'recovery, removes it.', probe.name, probe.target.store)
    finally:
        record.close()


class _Probe:

    def __init__(self, name: str, target: jobs.Target, size: int,
                 say: Callable[[str], None]) -> None:
        self.name = name
        self.target = target
        self._size = size
        self._say = say
        self._cloned = False

    def run(self, journal_fd: int) -> dict[str, float]:
        """:param journal_fd: where the child puts on record what it makes"""
        written = self._child(_SOURCE, {'virtual_size': self._size},
                              self.target, journal_fd, 'Writing to')
        store = self.target.store
        url = written['stored'][store]['url']
        image = glance_host.StoredImage(
            self.name, 'active', self._size, None, None, None, None, ())
        described = copy_jobs.describe(image, glance_host.StoredCopy(
            store, url))
        if self.target.driver == 'file':
            with errors.translated(store, 'looking at the object'):
                _forget(url.removeprefix('file://'))
        read = self._child(described.entry, described.options,
                           copy_jobs.NOWHERE, -1, 'Reading from')
        found: dict[str, float] = {
            'read_per_second': self._rate(read),
            'write_per_second': self._rate(written)}
        if self.target.driver == 'rbd':
            self._say('Cloning in store %s' % store)
            self._cloned = True
            found['clone_seconds'] = round(max(0.001, cloning.seconds(
                store, self.target.options, self.name,
                probe_leftovers.clone(self.name))), 3)
        return found

    def unclone(self) -> None:
        """Nothing can be removed that a clone hangs on."""
        if self._cloned:
            cloning.remove(self.target.store, self.target.options,
                           probe_leftovers.clone(self.name))

    def _rate(self, result: dict[str, Any]) -> int:
        return max(1, int(self._size / max(result['seconds'], 0.001)))

    def _child(self, source: str, options: dict[str, Any],
               target: jobs.Target, journal_fd: int, what: str
               ) -> dict[str, Any]:
        """One pass, with the limits of an import, and no digest."""
        conf = CONF.lifecycle_transfer
        kind = jobs.load(source)
        began = time.monotonic()

        def progress(report: dict[str, Any]) -> None:
            done = report['done'] / targets.MIB
            self._say('%s store %s: %d of %d MiB, %d MiB/s' % (
                what, self.target.store, done, self._size // targets.MIB,
                done / max(time.monotonic() - began, 0.001)))
        return runner.Child(jobs.Job(
            image_id=self.name, source=source, source_options=options,
            targets=(target,), digests=(), all_must_succeed=True,
            workers=max(getattr(kind, 'workers', 0), min(
                conf.workers, os.cpu_count() or 1)),
            progress_interval=0.5, confinement=conf.confinement,
            readable=tuple(conf.confinement_readable),
            limits=jobs.Limits(
                memory=conf.memory_limit * targets.MIB
                + getattr(kind, 'address_space', 0)
                + target.load().address_space,
                cpu=targets.cpu_limit(self._size, 1),
                **targets.niceness()), journal=journal_fd), -1, progress,
            python=copy_jobs.python()).run()


def _forget(path: str) -> None:
    """Have the disk read, and not what the kernel keeps of it."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        os.fdatasync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(fd)
