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

"""From one stored copy to N stores at once, verified in the same pass.

Nothing is visible in a store before all bytes were read and their hash is
the image's, and nothing is registered in Glance before that. What a killed
copy leaves is in its journal: removed by the next copy of the image, by
glance-api at its next import, or by ``glance-lifecycle-manage recover``.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Sequence
import dataclasses
import enum
import logging
from typing import Any
import uuid

from oslo_config import cfg

from glance_lifecycle.copies import server_side
from glance_lifecycle.copies import verifying
from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.jobs import copies as copy_jobs
from glance_lifecycle.jobs import targets
from glance_lifecycle.recovery import plan as recovery_plan
from glance_lifecycle.recovery import recovering
from glance_lifecycle.recovery import undoing
from glance_lifecycle.transfer.backends.rbd \
    import server_side as rbd_server_side
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import journal
from glance_lifecycle.transfer import sink

CONF = cfg.CONF
LOG = logging.getLogger(__name__)

Progress = Callable[[dict[str, Any]], None]


def always() -> None:
    """Nobody can take the right to register a copy away."""


# Read fast and sparse; the rest send every byte.
_BEST = ('file', 'rbd')


class Result(enum.StrEnum):
    COPIED = 'copied'
    THERE = 'already there'
    FAILED = 'failed'
    BAD_SOURCE = 'bad source'


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one store.

    :ivar written: bytes given to it; holes are not
    """

    store: str
    result: Result
    written: int | None = None
    seconds: float | None = None
    detail: str = ''


@dataclasses.dataclass(frozen=True, slots=True)
class Manner:
    """How copies are made, and told to Glance.

    :ivar statuses: of images that are copied
    :ivar targets: from stores to how each is written
    :ivar register: called with the image and where its new copy is
    """

    statuses: Collection[str] = ('active',)
    targets: Callable[[Sequence[str]], list[jobs.Target]] = targets.targets
    register: Callable[[glance_host.StoredImage, sink.Stored], None] = (
        glance_host.register_copy)


#: One more copy of an image.
ANOTHER = Manner()


def check(image: glance_host.StoredImage,
          statuses: Collection[str] = ANOTHER.statuses) -> None:
    """Whether it can be copied now.

    :raises ImageRefused: it cannot; the text says what to do
    """
    verifying.check_hash(image)
    if image.status not in statuses:
        raise exceptions.ImageRefused(
            reason='status', detail='image %s is %s; only an active image '
            'is copied' % (image.id, image.status))
    if image.lock:
        raise exceptions.ImageRefused(
            reason='busy', detail='image %s is being imported or copied now, '
            'by task %s. Wait for its end: "openstack image task list %s"'
            % (image.id, image.lock, image.id))


def recover(image_id: str) -> list[str]:
    """Undo what died of earlier copies; what was done, for the operator."""
    return [plan.text for plan in recovering.recover_copies(
        CONF.lifecycle.state_dir, image_id)]


class Copying:
    """One image to some stores, once.

    :param stores: where it shall be; where it is already, nothing is done
    :param source: the store to read; None for the first that is good
    :param trust: let a cluster copy by itself, and compare no hash then
    :param may_register: called before a copy is registered; where it raises,
        the copies are removed
    :param paced: how fast it may be; a cluster that copies by itself asks
        nobody
    :param manner: see Manner
    """

    def __init__(self, image: glance_host.StoredImage,
                 stores: Sequence[str], source: str | None,
                 progress: Progress, *, trust: bool = False,
                 may_register: Callable[[], None] = always,
                 paced: copy_jobs.Paced = copy_jobs.unpaced,
                 manner: Manner = ANOTHER) -> None:
        self._image = image
        self._manner = manner
        self._trust = trust
        self._progress = progress
        self._source = source
        self._may_register = may_register
        self._paced = paced
        wanted = list(dict.fromkeys(stores))
        self.missing = [s for s in wanted if s not in image.stores]
        self.outcomes = [Outcome(s, Result.THERE) for s in wanted
                         if s in image.stores]
        self._journal: journal.Journal | None = None
        self._registered: set[str] = set()

    def run(self) -> list[Outcome]:
        """One outcome a store, and one for each source that was no good.

        :raises LifecycleError: nothing could be copied at all
        """
        if not self.missing:
            return self.outcomes
        check(self._image, self._manner.statuses)
        glance_host.check_location_quota(
            len(self._image.copies) + len(self.missing))
        found = self._manner.targets(self.missing)
        candidates = self._candidates()
        self._journal = journal.create(
            CONF.lifecycle.state_dir, 'copy-%s' % uuid.uuid4(),
            self._image.id)
        try:
            # On disk before the first byte, so that a death is undone.
            self._journal.note(method=recovery_plan.STORE_COPY, targets=found)
            self._register(self._transfer(candidates, found))
        except exceptions.StoreDuplicate as error:
            self._tidy(self._journal, error)
            raise _explained(error) from error
        except BaseException as error:
            self._tidy(self._journal, error)
            raise
        self._tidy(self._journal, None)
        self._announce()
        return self.outcomes

    def _candidates(self) -> list[glance_host.StoredCopy]:
        found = [copy for copy in self._image.copies
                 if self._source in (None, copy.store)]
        if not found:
            raise exceptions.InputRefused(
                detail='Image %s has no copy in store %s; it has in %s' % (
                    self._image.id, self._source,
                    ', '.join(self._image.stores)))
        kinds = glance_host.store_kinds() or {}
        return sorted(found, key=lambda c: kinds.get(c.store) not in _BEST)

    def _transfer(self, candidates: list[glance_host.StoredCopy],
                  found: list[jobs.Target]) -> dict[str, Any]:
        """By store, with the first copy that is good.

        ``stored`` and ``failed`` as in the engine's report; bytes
        ``written``, ``seconds``, ``detail``.
        """
        for number, copy in enumerate(candidates, 1):
            try:
                return self._transfer_from(copy, found)
            except (exceptions.StoreError,
                    exceptions.ConfigurationError) as error:
                if error.fields.get('store', copy.store) != copy.store:
                    raise
                if number == len(candidates):
                    raise
                LOG.warning('Image %(image)s: %(error)s', {
                    'image': self._image.id, 'error': error})
                self.outcomes.append(Outcome(
                    copy.store, Result.BAD_SOURCE, detail=str(error)))
        raise exceptions.InternalError(detail='no copy to read')

    def _transfer_from(self, copy: glance_host.StoredCopy,
                       found: list[jobs.Target]) -> dict[str, Any]:
        described = copy_jobs.describe(self._image, copy)
        near, far = (server_side.split(described, found) if self._trust
                     else ([], found))
        result: dict[str, Any] = {'stored': {}, 'failed': {}, 'written': {},
                                  'seconds': {}, 'detail': {}}
        if far:
            try:
                _add(result, self._one_pass(copy, described, far))
            except exceptions.StoreError as error:
                if error.store == copy.store or not near:
                    raise
                # All of them failed, and one error is known.
                result['failed'] = {t.store: error.to_dict() for t in far}
        refused = []
        assert self._journal is not None  # noqa: S101 - for mypy
        for target in near:
            try:
                _add(result, server_side.copy(
                    self._image, described, target, self._progress,
                    self._journal.created))
                result['detail'][target.store] = 'its hash was not compared'
            except rbd_server_side.NotThisWay as error:
                LOG.info('%s', error)
                refused.append(target)
            except exceptions.StoreError as error:
                if error.store == copy.store and not result['stored']:
                    raise
                result['failed'][target.store] = error.to_dict()
        if refused:
            _add(result, self._one_pass(copy, described, refused))
        return result

    def _one_pass(self, copy: glance_host.StoredCopy,
                  described: copy_jobs.Described,
                  found: list[jobs.Target]) -> dict[str, Any]:
        assert self._journal is not None  # noqa: S101 - for mypy
        image = self._image
        before = copy_jobs.fingerprint(described)
        result = copy_jobs.read(image, described, found, self._progress,
                                journal=self._journal.fd, paced=self._paced)
        verifying.remember(image, copy, described, before)
        return result

    def _register(self, result: dict[str, Any]) -> None:
        """The copies that are complete first, each for itself."""
        for store, where in result['stored'].items():
            self._may_register()
            self._register_one(store, sink.Stored(**where), result)
        for store, failure in result['failed'].items():
            error = exceptions.from_dict(failure)
            if isinstance(error, exceptions.StoreDuplicate):
                error = _explained(error)
            self.outcomes.append(Outcome(store, Result.FAILED,
                                         detail=str(error)))

    def _register_one(self, store: str, stored: sink.Stored,
                      result: dict[str, Any]) -> None:
        try:
            self._manner.register(self._image, stored)
        except (exceptions.InternalError,
                exceptions.TransferCancelled) as error:
            # Whether it is registered, _tidy sees.
            self.outcomes.append(Outcome(store, Result.FAILED,
                                         detail=str(error)))
        else:
            self._registered.add(store)
            self.outcomes.append(Outcome(
                store, Result.COPIED, result['written'][store],
                result['seconds'][store], result['detail'].get(store, '')))

    def _tidy(self, record: journal.Journal,
              error: BaseException | None) -> None:
        """Remove what is not registered; the journal goes if all is clear.

        Never raises: what is left is in the journal, for recovery.
        """
        try:
            glance_host.settle(self._image.id)
            record.reread()
            record.note(targets=[t for t in record.record.targets
                                 if t.store not in self._registered])
            # A cluster that copies by itself puts nothing on record.
            complete = not self._trust and undoing.told(error)
            if not undoing.undo(record, complete=complete).left:
                record.remove()
        except Exception:
            LOG.exception('Cannot remove all copies of image %s that are not '
                          'complete.', self._image.id)
        finally:
            record.close()

    def _announce(self) -> None:
        copied = [o.store for o in self.outcomes
                  if o.result is Result.COPIED]
        try:
            glance_host.announce_copies(self._image.id, copied)
        except Exception:
            LOG.warning('Cannot send the notifications about image %s.',
                        self._image.id, exc_info=True)


def _add(result: dict[str, Any], part: dict[str, Any]) -> None:
    """:param part: a transfer's report"""
    result['stored'].update(part['stored'])
    result['failed'].update(part['failed'])
    result['written'].update(part['bytes_written'])
    result['seconds'].update(dict.fromkeys(part['stored'], part['seconds']))


def _explained(error: exceptions.StoreDuplicate
               ) -> exceptions.StoreDuplicate:
    return exceptions.StoreDuplicate(
        store=error.store, detail='%s Glance has no location there. If no '
        'other copy of the image runs, it is what a killed one left, or '
        'another Glance\'s: see "glance-lifecycle-manage recover --dry-run", '
        'on every host, and "--stale-after"' % error.detail)
