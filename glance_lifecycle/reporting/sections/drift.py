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

"""Where images differ from the policy."""

import dataclasses

from glance_lifecycle.reporting import counted
from glance_lifecycle.reporting import model
from glance_lifecycle.reporting import words

_COMMAND = 'drift list'


@dataclasses.dataclass(frozen=True)
class Drift:
    """:ivar images: how many were compared with the policy"""

    counted: counted.Drift
    images: int


def section(told: model.Told[Drift]) -> model.Section:
    about = 'Images that are not as the lifecycle policy wants them.'
    if isinstance(told, model.NotAsked):
        return model.Section('drift', 'Drift', about, not_asked=told.why)
    found = told.counted
    return model.Section(
        'drift', 'Drift', about, key='drifted',
        figures=(model.Figure(
            'drifted', 'Images not as wanted', found.images,
            model.Unit.COUNT, model.Source.READ, _COMMAND,
            'Of %s.' % words.counted(told.images, 'image'),
            model.Severity.WARNING if found.images else None),),
        tables=() if not found.total else (
            model.table(
                'fields', 'What differs', (
                    model.Column('field', 'Section and field'),
                    model.Column('images', 'Differences', model.Unit.COUNT)),
                [('%s: %s' % key, number) for key, number
                 in found.fields.most_common(model.MOST_ROWS)],
                model.Source.READ, _COMMAND, total=len(found.fields),
                chart=model.Chart('What differs', 'field', ('images',))),
            model.table(
                'differences', 'Some of the differences', (
                    model.Column('name', 'Name'), model.Column('id', 'Image'),
                    model.Column('field', 'Field'),
                    model.Column('wanted', 'Wanted'),
                    model.Column('found', 'Found'),
                    model.Column('rule', 'Rule')),
                [(one.name, one.image_id, one.drift.field, one.drift.wanted,
                  one.drift.found, one.drift.rule) for one in found.first],
                model.Source.READ, _COMMAND, total=found.total)),
        decisions=() if not found.images else (model.Decision(
            model.Severity.WARNING, '%s not as the policy wants %s. "plan" '
            'says what the worker can mend; the rest, such as another '
            'format, takes a new import, or another policy.' % (
                words.counted(found.images, 'image is', 'images are'),
                'it' if found.images == 1 else 'them'), 'plan'),))
