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

"""Images that have the same bytes."""

import dataclasses

from glance_lifecycle.audit.duplicates import grouping
from glance_lifecycle.reporting import model
from glance_lifecycle.reporting import words

_COMMAND = 'duplicates list'


@dataclasses.dataclass(frozen=True)
class Duplicates:
    """:ivar first: those of which most bytes would come back"""

    groups: int
    images: int
    back: int
    first: tuple[grouping.Group, ...]


def section(told: model.Told[Duplicates]) -> model.Section:
    about = 'Active images with the same bytes, which are stored again.'
    if isinstance(told, model.NotAsked):
        return model.Section('duplicates', 'Duplicates', about,
                             not_asked=told.why)
    return model.Section(
        'duplicates', 'Duplicates', about, key='duplicates',
        figures=(model.Figure(
            'duplicates', 'Bytes stored again', told.back, model.Unit.BYTES,
            model.Source.READ, _COMMAND, '%s of %s. At most so much would '
            'come back.' % (words.counted(told.groups, 'group'),
                            words.counted(told.images, 'image'))),),
        tables=() if not told.groups else (model.table(
            'groups', 'Groups of which most would come back', (
                model.Column('group', 'Group'),
                model.Column('name', 'Name of the oldest'),
                model.Column('images', 'Images', model.Unit.COUNT),
                model.Column('projects', 'Projects', model.Unit.COUNT),
                model.Column('back', 'Bytes', model.Unit.BYTES)),
            [(one.name, one.members[0].name, len(one.members), one.projects,
              one.back) for one in told.first],
            model.Source.READ, _COMMAND, total=told.groups),),
        decisions=() if not told.back else (model.Decision(
            model.Severity.INFO, 'Whether to share or drop %s: %s would come '
            'back at most.' % (
                words.counted(told.groups, 'group of duplicates',
                              'groups of duplicates'),
                words.size(told.back)), 'duplicates plan'),))
