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

"""What processes that died have left on this host, as their journals tell.

An import and a copy are told apart, and so is what is over and could not
remove all that it had written: ``recover`` helps with each, and what is to be
asked for again is not the same.
"""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.diagnosis import cause
from glance_lifecycle.audit.diagnosis import facts

STORE_COPY = 'store-copy'
# Glance's own has a journal only where recovery could not end it.
_COPIES = (STORE_COPY, 'copy-image')
_STORED = ('active', 'deactivated')
_GONE = ('pending_delete', 'deleted', 'killed')

_UNDO = ('See what is undone, then run the same without --dry-run, as the '
         'user of glance-api.')
_ALSO = 'The next import on this host does that, too.'


def is_import(journal: facts.Transfer) -> bool:
    return journal.method not in _COPIES


def tells(journal: facts.Transfer) -> bool:
    """Whether there is something to be said of it."""
    return not journal.alive or not is_import(journal)


def import_dead(found: facts.Facts) -> Iterator[cause.Diagnosis]:
    """Our journal tells of it, and its process is gone."""
    dead = _of(found, 'import-dead')
    if not dead:
        return
    stored = found.image.status in _STORED
    again = '' if stored or found.image.status in _GONE else (
        'Then import the image again.')
    yield cause.diagnosis(
        found, 'import-dead', 'The process that ran the import died in '
        'the middle of it.', cause.status(found), *_evidence(dead),
        'The image has its data all the same.' if stored else '',
        severity=cause.WARNING if stored else cause.ERROR,
        confidence=cause.CERTAIN, where=_host(found),
        remedy=' '.join(filter(None, (_UNDO, again, _ALSO))),
        command=cause.RECOVER)


def import_handed(found: facts.Facts) -> Iterator[cause.Diagnosis]:
    """A worker was to do it, and who asked for that is gone."""
    dead = _of(found, 'import-handed')
    if dead:
        yield cause.diagnosis(
            found, 'import-handed', 'The glance-api that asked for the '
            'import died, and the lifecycle worker is not at it.',
            cause.status(found), *_evidence(dead),
            'The import was handed to the worker.', severity=cause.WARNING,
            confidence=cause.CERTAIN, waiting=cause.Waiting.UNKNOWN,
            where=_host(found),
            remedy='While its job is open, the worker brings the import to '
            'its end: see whether it runs. Of a job that is over, "%s" shows '
            'what is left.' % cause.RECOVER,
            command='openstack image lifecycle job list --state all --image '
            '%s' % found.image.id)


def left_over(found: facts.Facts) -> Iterator[cause.Diagnosis]:
    """It has ended, in one way or another, and its journal is there."""
    dead = _of(found, 'left-over')
    if not dead:
        return
    stores = _unregistered(found, dead)
    yield cause.diagnosis(
        found, 'left-over', 'An import that is over could not remove all '
        'that it had written.' if stores else
        'An import is over, and its journal is left.',
        *_evidence(dead), _written(stores),
        severity=cause.WARNING if stores else cause.INFO,
        confidence=cause.CERTAIN, where=_host(found),
        remedy='%s %s' % (_UNDO, _ALSO), command=cause.RECOVER)


def copy_dead(found: facts.Facts) -> Iterator[cause.Diagnosis]:
    """The image is as good as before, and a store is fuller."""
    dead = _of(found, 'copy-dead')
    if not dead:
        return
    stores = _unregistered(found, dead)
    again = ''
    if stores and found.image.status == 'active':
        again = ('Then, if it is still wanted, copy the image again: '
                 'openstack image lifecycle store copy %s %s.' % (
                     found.image.id, ' '.join(
                         '--to %s' % one for one in stores)))
    yield cause.diagnosis(
        found, 'copy-dead', 'A copy of the image%s died with its process.' % (
            ' to store %s' % ', '.join(stores) if stores else ''),
        cause.status(found), *_evidence(dead),
        'The image and its other copies are not touched by it.'
        if found.image.status in _STORED else '',
        _written(stores) or 'Each copy was registered before: only the '
        'journal is left.', severity=cause.WARNING,
        confidence=cause.CERTAIN, where=_host(found),
        remedy=' '.join(filter(None, (_UNDO, again))),
        command=cause.RECOVER)


def copy_runs(found: facts.Facts) -> Iterator[cause.Diagnosis]:
    """It takes no lock, so that nobody else can tell."""
    alive = _of(found, 'copy-runs')
    if alive:
        stores = _unregistered(found, alive)
        yield cause.diagnosis(
            found, 'copy-runs', 'A copy of the image%s runs.' % (
                ' to store %s' % ', '.join(stores) if stores else ''),
            cause.status(found), 'A living process of this host holds its '
            'journal, %s.' % ', '.join(one.task_id for one in alive),
            severity=cause.INFO, confidence=cause.CERTAIN,
            waiting=cause.YES, where=_host(found),
            remedy='Do nothing: wait for its end.')


def _of(found: facts.Facts, code: str) -> list[facts.Transfer]:
    return [one for one in found.transfers if _kind(found, one) == code]


def _kind(found: facts.Facts, journal: facts.Transfer) -> str:
    """Which of these causes it is; empty for none."""
    if not is_import(journal):
        return 'copy-runs' if journal.alive else 'copy-dead'
    mine = found.running.id if found.running else found.image.lock
    # Another import has the image now, and clears up after this one.
    if journal.alive or mine not in (None, journal.task_id):
        return ''
    task = next((one for one in found.tasks or ()
                 if one.id == journal.task_id), None)
    if task is not None and not task.open:
        return ('import-dead' if found.image.status == 'importing'
                else 'left-over')
    return 'import-handed' if journal.offloaded else 'import-dead'


def _evidence(dead: Sequence[facts.Transfer]) -> list[str]:
    return ['No living process holds the journal of task %s on this host.'
            % ', '.join(one.task_id for one in dead),
            *('Its last error: %s.' % cause.quoted(one.failure)
              for one in dead if one.failure)]


def _unregistered(found: facts.Facts, of: Sequence[facts.Transfer]
                  ) -> list[str]:
    """Where there may be something that Glance knows nothing of."""
    return sorted({store for one in of for store in one.stores}
                  - {*found.image.stores})


def _written(stores: Sequence[str]) -> str:
    return ('What it wrote into store %s may be there still, takes room, and '
            'is no copy that Glance knows.' % ', '.join(stores)
            if stores else '')


def _host(found: facts.Facts) -> str:
    return found.here.host if found.here else ''
