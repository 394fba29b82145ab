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

"""What lies in the stores that no image needs, and what is missing."""

from collections.abc import Mapping
import dataclasses

from glance_lifecycle.audit.hygiene import examination
from glance_lifecycle.audit.hygiene import judging
from glance_lifecycle.reporting import counted
from glance_lifecycle.reporting import model
from glance_lifecycle.reporting import words

_COMMAND = 'hygiene list'
_NEEDLESS = frozenset(map(str, judging.NEEDLESS))


@dataclasses.dataclass(frozen=True)
class Hygiene:
    """:ivar totals: by store; of images, where the name is empty"""

    totals: Mapping[str, examination.Totals]
    findings: counted.Findings


def section(told: model.Told[Hygiene]) -> model.Section:
    about = ('What lies in the stores that no image needs, and copies that '
             'are missing there.')
    if isinstance(told, model.NotAsked):
        return model.Section('hygiene', 'Hygiene', about, not_asked=told.why)
    lying = sorted(((*_needless(one), store) for store, one
                    in told.totals.items() if store), reverse=True)
    held = sum(one[0] for one in lying)
    needless = sum(one[1] for one in lying)
    errors = told.findings.of(model.Severity.ERROR)
    return model.Section(
        'hygiene', 'Hygiene', about, key='reclaimable',
        figures=(
            model.Figure(
                'reclaimable', 'Reclaimable bytes', held, model.Unit.BYTES,
                model.Source.READ, 'hygiene plan', '%s that no image needs.'
                % words.counted(needless, 'object')),
            model.Figure(
                'hygiene_errors', 'Missing or wrong copies', errors,
                model.Unit.COUNT, model.Source.READ, _COMMAND,
                severity=model.Severity.ERROR if errors else None)),
        tables=(model.table(
            'stores', 'What lies in each store', (
                model.Column('store', 'Store'),
                model.Column('objects', 'Objects', model.Unit.COUNT),
                model.Column('bytes', 'Bytes', model.Unit.BYTES),
                model.Column('needless', 'Needless objects',
                             model.Unit.COUNT),
                model.Column('reclaimable', 'Reclaimable',
                             model.Unit.BYTES)),
            [(store, told.totals[store].objects, told.totals[store].held,
              count, size) for size, count, store in lying],
            model.Source.READ, _COMMAND), *_findings(told)),
        decisions=tuple(_decisions(needless, held, errors)))


def _needless(one: examination.Totals) -> tuple[int, int]:
    """Bytes, and objects."""
    found = [pair for slug, pair in one.found.items() if slug in _NEEDLESS]
    return sum(held for _count, held in found), sum(
        count for count, _held in found)


def _findings(told: Hygiene) -> list[model.Table]:
    if not told.findings.total:
        return []
    sums: dict[str, tuple[int, int]] = {}
    for one in told.totals.values():
        for slug, (count, held) in one.found.items():
            before = sums.get(slug, (0, 0))
            sums[slug] = before[0] + count, before[1] + held
    return [model.table(
        'findings', 'What was found', (
            model.Column('what', 'What'),
            model.Column('findings', 'Findings', model.Unit.COUNT),
            model.Column('bytes', 'Bytes', model.Unit.BYTES)),
        [(slug, *pair) for slug, pair in sorted(
            sums.items(), key=lambda one: (-one[1][1], -one[1][0], one[0]))],
        model.Source.READ, _COMMAND)]


def _decisions(needless: int, held: int, errors: int
               ) -> list[model.Decision]:
    found = []
    if errors:
        found.append(model.Decision(
            model.Severity.ERROR, '%s missing or wrong in a store.'
            % words.counted(errors, 'copy is', 'copies are'), 'repair'))
    if needless:
        found.append(model.Decision(
            model.Severity.INFO, 'Whether to take %s out of the stores: %s '
            'would come back.' % (words.counted(needless, 'needless object'),
                                  words.size(held)), 'hygiene plan'))
    return found
