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

"""An import that runs, and one that only looks like it."""

from collections.abc import Iterator
import re

from glance_lifecycle.audit.diagnosis import cause
from glance_lifecycle.audit.diagnosis.causes import left
from glance_lifecycle.audit.diagnosis import facts

# Ours changes its task every 30 s at least: see plugin.progress.
_SILENT = 120
# After that, another import may take the lock (glance/api/v2/images.py).
_STALE = 3600
_OURS = re.compile(r'\d+ % of |Converting: \d+ s so far')
_WAITING = 'Waiting for a lifecycle worker'

_RECOVER_STALE = ('glance-lifecycle-manage recover --stale-after %d '
                  '--dry-run' % _STALE)
_UNDO_STALE = (
    'When no import runs in this cloud, see on a host of glance-api with the '
    'plugin what would be undone, and run the same without --dry-run '
    '(DESTRUCTIVE). Without the plugin, only deleting the image helps '
    '(DESTRUCTIVE: %s).')


def running(found: facts.Facts) -> Iterator[cause.Diagnosis]:
    """Its process lives, or says so."""
    task = found.running
    journal = found.transfer(task.id if task else found.image.lock)
    if journal is not None and journal.alive and (
            task.open if task else found.tasks is None):
        yield _runs(found, task, cause.CERTAIN, (
            'A living process of this host holds its journal.'),
            found.here.host if found.here else '')
    elif task is None or not task.open:
        return
    elif journal is None and _speaks(found, task):
        yield _runs(found, task, cause.LIKELY, (
            'Its message is that of an import that goes on.'))
    elif journal is None and _grows(found):
        yield _runs(found, task, cause.LIKELY, (
            'The staged file grew less than %d seconds ago.' % _SILENT),
            found.here.host if found.here else '')


def silent(found: facts.Facts) -> Iterator[cause.Diagnosis]:
    """Nobody knows of its process, and its task has not changed."""
    task = found.running
    if (task is None or not task.open or found.transfer(task.id)
            or _speaks(found, task) or _grows(found)
            or task.message.startswith(_WAITING)):
        return
    age = found.age(task.updated)
    ours = _OURS.match(task.message) is not None
    evidence = [cause.status(found), cause.task(found, task)]
    if found.here and found.here.transfers is not None:
        evidence.append('This host has no journal of it: it ran on another '
                        'host, or in Glance alone.')
    if age is not None and (ours or age >= _STALE):
        yield cause.diagnosis(
            found, 'import-silent', 'The process that ran the import has '
            'most likely died.', *evidence, (
                'The plugin changes a task every 30 seconds.' if ours else
                'After an hour without a change, Glance itself takes it for '
                'dead.'), severity=cause.ERROR, confidence=cause.LIKELY,
            remedy='Run it on the host that ran the import, and then without '
            '--dry-run.' if ours else _UNDO_STALE % cause.delete(found),
            command=cause.RECOVER if ours else _RECOVER_STALE)
        return
    yield cause.diagnosis(
        found, 'import-unseen', 'The import runs, or its process has died: '
        'what is known does not tell.', *evidence,
        'Glance alone changes a task only while it uploads, and neither while '
        'it downloads nor while it converts.', severity=cause.UNKNOWN,
        confidence=cause.POSSIBLE, waiting=cause.Waiting.UNKNOWN,
        remedy='Look on each host of glance-api, with --config-dir.',
        command='openstack image lifecycle diagnose --config-dir '
        '/etc/glance %s' % found.image.id)


def waits_for_worker(found: facts.Facts) -> Iterator[cause.Diagnosis]:
    task = found.running
    if task is None or not task.open or not task.message.startswith(_WAITING):
        return
    yield cause.diagnosis(
        found, 'worker-awaited', 'The import waits for the lifecycle worker '
        'of its host, which is busy or not there.', cause.task(found, task),
        severity=cause.WARNING, confidence=cause.CERTAIN,
        waiting=cause.Waiting.UNKNOWN,
        remedy='Look at the worker, on the host of the import, and start it.',
        command='openstack image lifecycle status')


def lock_left(found: facts.Facts) -> Iterator[cause.Diagnosis]:
    """Its task is over, and did not let go of the image."""
    task = found.holder
    # Who has its journal puts that right, and has nothing to delete.
    if task is None or task.open or found.transfer(task.id):
        return
    importing = found.image.status == 'importing'
    yield cause.diagnosis(
        found, 'lock-left', 'The import has ended and still holds the lock '
        'of the image.', cause.status(found),
        'os_glance_import_task names it.', cause.task(found, task),
        severity=cause.ERROR if importing else cause.WARNING,
        confidence=cause.CERTAIN,
        waiting=cause.NO if importing else cause.YES,
        remedy='Glance imports no image whose status is importing: delete it '
        'and create it anew.' if importing else
        'An hour after its task last changed, another import may take the '
        'lock: ask for it again.',
        command=cause.delete(found) if importing else '',
        destructive=importing)


def lock_taken(found: facts.Facts) -> Iterator[cause.Diagnosis]:
    """The lock names a task that is none of the image's."""
    if found.image.lock is None or found.tasks is None or found.holder:
        return
    newest = found.newest
    yield cause.diagnosis(
        found, 'lock-taken', 'The lock of the image names a task that is '
        'not there: somebody took the lock, or the task was purged.',
        cause.status(found), 'os_glance_import_task names task %s, which is '
        'none of the image\'s tasks.' % found.image.lock,
        cause.task(found, newest) if newest else 'It has no tasks.',
        severity=cause.ERROR, confidence=cause.CERTAIN,
        remedy='Glance takes such a lock for stale, but imports no image '
        'whose status is importing: delete it.'
        if found.image.status == 'importing' else
        'Glance takes such a lock for stale: ask for the import again.',
        command=cause.delete(found) if found.image.status == 'importing'
        else '', destructive=found.image.status == 'importing')


def abandoned(found: facts.Facts) -> Iterator[cause.Diagnosis]:
    """Still importing, and no task is at it."""
    if (found.image.status != 'importing' or found.image.lock
            or found.tasks is None or found.running
            or any(left.is_import(one) for one in found.transfers)):
        return
    newest = found.newest
    yield cause.diagnosis(
        found, 'import-abandoned', 'The import failed and left the image '
        'importing. Nothing is at work on it.', cause.status(found),
        'It has no lock.', cause.task(found, newest) if newest
        else 'It has no tasks: they expire after two days.',
        severity=cause.ERROR, confidence=cause.CERTAIN,
        remedy='Glance imports no image whose status is importing: delete it '
        'and create it anew.', command=cause.delete(found), destructive=True)


def _runs(found: facts.Facts, task: facts.Task | None,
          confidence: cause.Confidence, evidence: str, where: str = ''
          ) -> cause.Diagnosis:
    return cause.diagnosis(
        found, 'import-runs', 'The import runs.', cause.status(found),
        cause.task(found, task) if task else '', evidence, severity=cause.INFO,
        confidence=confidence, waiting=cause.YES, where=where,
        remedy='Do nothing: wait for its end.')


def _speaks(found: facts.Facts, task: facts.Task) -> bool:
    age = found.age(task.updated)
    return (age is not None and age < _SILENT
            and _OURS.match(task.message) is not None)


def _grows(found: facts.Facts) -> bool:
    staged = found.here.staged if found.here else None
    task = found.running
    age = found.age(staged.changed) if staged else None
    # Older than the task, it is what was staged before it.
    return (age is not None and age < _SILENT and staged is not None
            and task is not None and task.created is not None
            and staged.changed > task.created)
