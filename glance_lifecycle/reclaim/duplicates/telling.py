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

"""Which image would do for all projects, and who is told so.

Pure. Nobody is told of an image that they cannot see: neither would it be of
use, nor is it theirs to know of.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from glance_lifecycle.audit.duplicates import grouping
from glance_lifecycle.reclaim.duplicates import facts
from glance_lifecycle.reclaim.duplicates import hiding

_VISIBLE = {name: -number for number, name in enumerate(facts.EVERYBODYS)}


def decide(group: grouping.Group, known: Mapping[str, facts.Fact]
           ) -> Iterator[facts.Verdict]:
    """A verdict on each image of another project than that of the one.

    None where all are of one project.

    :param known: by their ids
    """
    if group.projects < 2:
        return
    some = [known[one.id] for one in group.members if one.id in known]
    one = the_one(some)
    for member in group.members:
        fact = known.get(member.id)
        if fact is None:
            yield facts.Verdict(member.id, why='The Image API does not show '
                                'it, or not as the database has it.')
        elif one is None:
            yield facts.Verdict(member.id, why='No image of its group is '
                                'public or community, and not hidden: no '
                                'owner could use it instead.')
        elif not fact.owner:
            yield facts.Verdict(member.id, why='It has no owner.')
        elif fact.owner != one.owner:
            yield facts.Verdict(member.id, one,
                                facts.same_by(group, fact, one))


def the_one(some: list[facts.Fact]) -> facts.Fact | None:
    """That which every project can use: best public, most used, oldest.

    :param some: the oldest first
    """
    return max((one for one in some if not against(one.image)), default=None,
               key=lambda one: (_VISIBLE[one.image['visibility']],
                                one.users or 0))


def against(image: Mapping[str, Any]) -> str:
    """Why not everybody can use it, as a sentence; empty if they can."""
    if image.get('visibility') not in facts.EVERYBODYS:
        return 'It is neither public nor community.'
    if image.get('os_hidden'):
        return 'It is hidden.'
    return hiding.busy(image)


def against_pair(image: Mapping[str, Any], one: Mapping[str, Any]) -> str:
    """Why it is not told of the one, as a sentence; empty if it is."""
    if facts.differ(image, one):
        return 'It has not the same bytes.'
    if image.get('owner') == one.get('owner'):
        return 'It is of the same project.'
    return ''
