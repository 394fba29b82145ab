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

"""What the worker did, and what it waits for."""

import collections
from collections.abc import Sequence
import dataclasses
from typing import TYPE_CHECKING

from glance_lifecycle.reporting import model
from glance_lifecycle.reporting import words

if TYPE_CHECKING:
    from glance_lifecycle.worker import asked
    from glance_lifecycle.worker.database import ended as ends

_STATUS, _JOBS = 'status', 'job list'


@dataclasses.dataclass(frozen=True)
class Worker:
    """:ivar ended: of the last days: what jobs ended"""

    status: 'asked.Status'
    ended: Sequence['ends.Ended']
    days: int


def section(told: model.Told[Worker]) -> model.Section:
    about = 'What the lifecycle worker did, and what it waits for.'
    if isinstance(told, model.NotAsked):
        return model.Section('worker', 'Worker', about, not_asked=told.why)
    status = told.status
    alive = sum(one.alive for one in status.workers)
    held, failed = (status.jobs.get(state, 0) for state in ('held', 'failed'))
    done = sum(one.jobs for one in told.ended if one.state == 'done')
    return model.Section(
        'worker', 'Worker', about, key='done',
        figures=(
            model.Figure(
                'done', 'Jobs done in %d days' % told.days, done,
                model.Unit.COUNT, model.Source.READ, _JOBS, '%s written, '
                'freed or read back.' % words.size(sum(
                    one.bytes for one in told.ended
                    if one.state == 'done'))),
            model.Figure(
                'workers', 'Workers alive', alive, model.Unit.COUNT,
                model.Source.READ, _STATUS, 'Of %s that did not end in '
                'order.' % words.counted(len(status.workers), 'worker'),
                None if alive else model.Severity.ERROR),
            model.Figure(
                'waiting', 'Jobs waiting', status.jobs.get('queued', 0),
                model.Unit.COUNT, model.Source.READ, _JOBS,
                _oldest(status)),
            model.Figure(
                'held', 'Jobs held for a decision', held, model.Unit.COUNT,
                model.Source.READ, _JOBS + ' --state held', '',
                model.Severity.WARNING if held else None)),
        tables=(*_ended(told), *_held(status)),
        notes=tuple(_sweeps(status)),
        decisions=tuple(_decisions(alive, held, failed)))


def _oldest(status: 'asked.Status') -> str:
    oldest = status.oldest.due
    return '' if oldest is None else 'The oldest is due since %s.' % (
        words.duration((status.at - oldest).total_seconds()))


def _ended(told: Worker) -> list[model.Table]:
    if not told.ended:
        return []
    states = sorted({one.state for one in told.ended})
    number: collections.Counter[str] = collections.Counter()
    for one in told.ended:
        number[one.kind] += one.jobs
    kinds = [kind for kind, _number in number.most_common()]
    jobs = {(one.kind, one.state): one for one in told.ended}
    rows: list[tuple[model.Value, ...]] = [
        (kind, *(jobs[kind, state].jobs if (kind, state) in jobs else 0
                 for state in states),
         sum(one.bytes for one in told.ended
             if one.kind == kind and one.state == 'done'))
        for kind in kinds]
    return [model.table(
        'ended', 'Jobs that ended in the last %d days' % told.days, (
            model.Column('kind', 'Kind'),
            *(model.Column(state, state.capitalize(), model.Unit.COUNT)
              for state in states),
            model.Column('bytes', 'Bytes done', model.Unit.BYTES)),
        rows, model.Source.READ, _JOBS, chart=model.Chart(
            'Jobs that ended', 'kind', tuple(states)))]


def _held(status: 'asked.Status') -> list[model.Table]:
    if not status.held:
        return []
    return [model.table(
        'held', 'Jobs that wait for a decision', (
            model.Column('job', 'Job'), model.Column('image', 'Image'),
            model.Column('what', 'What'), model.Column('reason', 'Why')),
        [(one.job.id, one.job.image_name or one.job.image_id, one.what,
          one.job.reason) for one in status.held],
        model.Source.READ, _JOBS + ' --state held',
        total=status.jobs.get('held', 0))]


def _sweeps(status: 'asked.Status') -> list[str]:
    found = []
    for kind, said in (('full', 'all images'), ('changes', 'changes')):
        sweep = status.sweeps.get(kind)
        if sweep is not None:
            ago = words.duration(
                (status.at - sweep.ended_at).total_seconds())
            found.append('The last look at %s ended %s ago%s' % (
                said, ago, '.' if not sweep.error else
                ', and failed: %s' % sweep.error))
    return found or ['The worker has not looked at the images yet.']


def _decisions(alive: int, held: int, failed: int) -> list[model.Decision]:
    found = []
    if not alive:
        found.append(model.Decision(
            model.Severity.ERROR, 'No worker is alive: start '
            'glance-lifecycle-worker.', _STATUS))
    if held:
        found.append(model.Decision(
            model.Severity.WARNING, '%s for a decision: release or cancel '
            'each.' % words.counted(held, 'job waits', 'jobs wait'),
            _JOBS + ' --state held'))
    if failed:
        found.append(model.Decision(
            model.Severity.WARNING, '%s: try again when the cause is gone.'
            % words.counted(failed, 'job has failed', 'jobs have failed'),
            _JOBS + ' --state failed'))
    return found
