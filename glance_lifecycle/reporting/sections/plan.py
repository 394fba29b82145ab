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

"""Room and cost, now and after; and copy-on-write: from the planning."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any

from glance_lifecycle.reporting import model
from glance_lifecycle.reporting import words

#: What ``planning.page_facts.page()`` says.
Planned = dict[str, Any]

_COMMAND = 'advise --cloud FILE'
_SIZES = ('size', 'virtual_size', 'data_size', 'compression', 'thin')
_DISKS = 'disks a week'
_RATES = ('read_per_second', 'network_per_second', 'disk_write_per_second',
          'verify_per_second', 'convert_per_second', 'decompress_per_second',
          'clone_seconds', 'start_seconds', 'image_cache', _DISKS)

# Name, title, unit, and the facts that it is computed from.
_COMPARED: tuple[tuple[str, str, model.Unit, tuple[str, ...]], ...] = (
    ('cost', 'Cost a month', model.Unit.MONEY, ('cost', 'factor', *_SIZES)),
    ('stored', 'Bytes stored', model.Unit.BYTES, _SIZES),
    ('on_disks', 'Bytes on disks', model.Unit.BYTES, ('factor', *_SIZES)),
    ('disks_per_week', 'Disks made a week', model.Unit.COUNT, (_DISKS,)),
    ('cloned_per_week', 'Of these cloned', model.Unit.COUNT, (_DISKS,)),
    ('seconds_per_disk', 'Seconds to a disk', model.Unit.SECONDS, (
        *_SIZES, *_RATES)),
    ('moved_per_week', 'Bytes moved a week', model.Unit.BYTES, (
        _DISKS, *_SIZES)))


_ABOUT_PLACEMENT = ('Room and cost now, and as they would be with the '
                    'cheapest placement in which nothing that is booted, and '
                    'no golden image, gets slower.')
_ABOUT_ADVICE = ('Room and cost now, and as they would be if the advice was '
                 'followed.')


class _From:
    """Where the facts of a cloud are from."""

    def __init__(self, told: Planned) -> None:
        self._found: dict[str, set[model.Source]] = {}
        self._of: dict[tuple[str, str], model.Source] = {}
        self.total = self.assumed = 0
        for one in told['sources']:
            source, name = model.Source(one['from']), one['fact']
            self._found.setdefault(name, set()).add(source)
            if one['of'] == 'stores':
                self._of[one['name'], name] = source
            self.total += one['count']
            if source is model.Source.ASSUMED:
                self.assumed += one['count']

    def weakest(self, names: Iterable[str]) -> model.Source:
        return model.weakest([source for name in names
                              for source in self._found.get(name, ())])

    def store(self, name: str, fact: str) -> model.Source:
        return self._of[name, fact]


def room(told: model.Told[Planned]) -> model.Section:
    if isinstance(told, model.NotAsked):
        return model.Section('room', 'Room and cost', _ABOUT_ADVICE,
                             not_asked=told.why)
    about = _ABOUT_PLACEMENT if told['placed'] else _ABOUT_ADVICE
    sources = _From(told)
    before, after = told['before'], told['after']
    return model.Section(
        'room', 'Room and cost', about, key='cost',
        figures=tuple(model.Figure(
            name, title, before[name], unit, sources.weakest(facts),
            _COMMAND, 'After: %s.' % words.value(
                after[name], unit, told['currency']))
            for name, title, unit, facts in _COMPARED[:3]),
        tables=(_before_after(told, sources), _stores(told['stores'],
                                                      sources)),
        notes=tuple(_notes(told, sources)), decisions=tuple(_decisions(told)))


def _before_after(told: Planned, sources: _From) -> model.Table:
    # Each row has a unit of its own, and so is shown as text.
    return model.table(
        'compared', 'Before and after', (
            model.Column('what', 'What'), model.Column('before', 'Now'),
            model.Column('after', 'After'), model.Column('from', 'From')),
        [(title, *(words.value(told[when][name], unit, told['currency'])
                   for when in ('before', 'after')),
          str(sources.weakest(facts)))
         for name, title, unit, facts in _COMPARED],
        sources.weakest([name for one in _COMPARED for name in one[3]]),
        _COMMAND)


def _stores(stores: Sequence[dict[str, Any]], sources: _From) -> model.Table:
    def free_after(one: dict[str, Any]) -> int:
        return int(one['free'] + one['before']['stored']
                   - one['after']['stored'])

    return model.table(
        'rooms', 'Room and cost of each store', (
            model.Column('store', 'Store'),
            model.Column('stored', 'Images now', model.Unit.BYTES),
            model.Column('stored_after', 'Images after', model.Unit.BYTES),
            model.Column('free', 'Free now', model.Unit.BYTES),
            model.Column('free_after', 'Free after', model.Unit.BYTES),
            model.Column('capacity', 'Capacity', model.Unit.BYTES),
            model.Column('cost', 'Cost now', model.Unit.MONEY),
            model.Column('cost_after', 'Cost after', model.Unit.MONEY),
            model.Column('from', 'Room is from')),
        [(one['name'], one['before']['stored'], one['after']['stored'],
          one['free'], free_after(one), one['capacity'],
          one['before']['cost'], one['after']['cost'],
          str(sources.store(one['name'], 'free')))
         for one in sorted(stores, key=lambda one: -one['before']['cost'])],
        sources.weakest(('cost', 'factor', 'free', 'capacity', *_SIZES)),
        _COMMAND, chart=model.Chart(
            'Bytes of images in each store, now and after', 'store',
            ('stored', 'stored_after')))


def _notes(told: Planned, sources: _From) -> Iterator[str]:
    if told['placed']:
        yield ('After: each image where "advise" places it%s, at most %s '
               'above the least cost. What is booted is as fast as %s.' % (
                   ', with what a policy wants' if told['policy'] else '',
                   words.percent(100 * told['gap']), 'it is today'
                   if told['keeps'] == 'today' else 'is advised'))
    else:
        yield 'After: the layout that is advised. ' + told['why_not']
    yield '%s of %s behind these are assumed.' % (
        f'{sources.assumed:,d}', words.counted(sources.total, 'fact'))
    for one in told['sensitivity']:
        yield 'If %s of %s (%s) were %s, %s.' % (
            one['name'], one['of'], one['source'], one['turned'],
            one['effect'])


def _decisions(told: Planned) -> Iterator[model.Decision]:
    before, after = told['before'], told['after']
    if any(abs(before[name] - after[name]) > .001 * abs(before[name])
           for name, *_rest in _COMPARED):
        yield model.Decision(
            model.Severity.INFO, 'Whether to follow the advice: %s now, %s '
            'after; %s of %s are cloned now, %s after.' % (
                *(words.value(one['cost'], model.Unit.MONEY, told['currency'])
                  + ' a month' for one in (before, after)),
                words.value(before['cloned_per_week'], model.Unit.COUNT),
                words.counted(round(before['disks_per_week']),
                              'disk a week', 'disks a week'),
                words.value(after['cloned_per_week'], model.Unit.COUNT)),
            _COMMAND)
    for one in told['stores']:
        if one['free'] + one['before']['stored'] < one['after']['stored']:
            yield model.Decision(
                model.Severity.WARNING, 'Store %s has no room for the '
                'images that are advised for it.' % words.text(one['name']),
                _COMMAND)


def clones(told: model.Told[Planned]) -> model.Section:
    about = ('Disks that Nova and Cinder clone from the image by '
             'copy-on-write, which takes a moment and no room. Others are '
             'downloaded.')
    title = 'Copy-on-write'
    if isinstance(told, model.NotAsked):
        return model.Section('clones', title, about, not_asked=told.why)
    source = _From(told).weakest((_DISKS,))
    return model.Section(
        'clones', title, about, key='cloned',
        figures=tuple(model.Figure(
            name, label, _share(told[when]), model.Unit.PERCENT, source,
            _COMMAND, '%s of %s.' % (
                words.value(told[when]['cloned_per_week'], model.Unit.COUNT),
                words.counted(round(told[when]['disks_per_week']),
                              'disk a week', 'disks a week')))
            for name, label, when in (
                ('cloned', 'Disks cloned now', 'before'),
                ('cloned_after', 'Disks cloned after', 'after'))),
        tables=(_conditions(told['not_cloned'], source),))


def _share(week: dict[str, Any]) -> float | None:
    disks = week['disks_per_week']
    return 100 * week['cloned_per_week'] / disks if disks else None


def _conditions(found: Iterable[dict[str, Any]], source: model.Source
                ) -> model.Table:
    rows = [(one['service'], one['name'], one['condition'], one['images'],
             one['disks_per_week']) for one in found]
    return model.table(
        'not_cloned', 'Disks that are not cloned today, and the condition '
        'that is not met', (
            model.Column('service', 'Service'),
            model.Column('consumer', 'Compute group or back end'),
            model.Column('condition', 'Condition'),
            model.Column('images', 'Images', model.Unit.COUNT),
            model.Column('disks', 'Disks a week', model.Unit.COUNT)),
        rows, source, _COMMAND)
