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

"""Which images are hidden because there is an older one that does as well.

Pure. An image that is hidden is not found in lists, and works as ever for who
knows its id. In doubt it is left as it is.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from glance_lifecycle.audit.duplicates import grouping
from glance_lifecycle.reclaim.duplicates import boot
from glance_lifecycle.reclaim.duplicates import facts
from glance_lifecycle.reclaim.duplicates import marks

#: From the id of an image to the projects that it is shared with, and whether
#: they have accepted it.
Members = Callable[[str], frozenset[tuple[str, str]]]

_Image = Mapping[str, Any]


def decide(group: grouping.Group, known: Mapping[str, facts.Fact],
           members: Members, *, any_name: bool = False
           ) -> Iterator[facts.Verdict]:
    """A verdict on each but the oldest, and those that are hidden already.

    :param known: by their ids
    :param any_name: the older one may be called otherwise
    """
    kept: list[facts.Fact] = []
    for one in group.members:
        fact = known.get(one.id)
        if fact is None:
            yield facts.Verdict(one.id, why='The Image API does not show it, '
                                'or not as the database has it.')
            continue
        if fact.hidden:
            continue
        verdict = _verdict(group, fact, kept, members, any_name)
        if kept:
            yield verdict
        if verdict.instead is None:
            kept.append(fact)


def _verdict(group: grouping.Group, fact: facts.Fact,
             kept: Iterable[facts.Fact], members: Members, any_name: bool
             ) -> facts.Verdict:
    why = not_to_hide(fact.image) or used(fact)
    if why:
        return facts.Verdict(fact.id, why=why)
    closest = (-1, '')
    for older in kept:
        by = facts.same_by(group, fact, older)
        failed = _not_for(fact, older, by, members, any_name)
        if failed is None:
            return facts.Verdict(fact.id, older, by)
        # Of the one that comes closest it is said why it will not do.
        if failed[0] > closest[0]:
            closest = failed
    return facts.Verdict(fact.id, why=closest[1])


def busy(image: _Image) -> str:
    """Why it is left alone now; empty for nothing."""
    if image.get('status') != 'active':
        return 'It is not active.'
    if image.get(facts.LOCK):
        return 'It is imported or copied now.'
    return ''


def not_to_hide(image: _Image) -> str:
    """Why it is not hidden, whatever others there are; empty for nothing."""
    if image.get('protected'):
        return 'It is protected.'
    plan = marks.plan_of(image)
    if plan and not image.get('os_hidden'):
        return ('Somebody has shown it again after plan %s had hidden it. '
                'Undo that plan, if it may be hidden.' % plan)
    return busy(image)


def used(fact: facts.Fact) -> str:
    """Why it may be needed; empty if it surely is not."""
    if fact.users is None:
        return 'It is not known which servers and volumes need it.'
    if fact.users:
        return '%d servers and %d volumes need it.' % (
            fact.servers or 0, fact.volumes or 0)
    return ''


def _not_for(fact: facts.Fact, older: facts.Fact, by: tuple[str, ...],
             members: Members, any_name: bool) -> tuple[int, str] | None:
    """How far it came, and why not further."""
    for far, why in enumerate((
            against_pair(fact.image, older.image, members, any_name),
            _not_proven(fact, older, by), _needed(older))):
        if why:
            return far, why
    return None


def against_pair(image: _Image, older: _Image, members: Members,
                 any_name: bool) -> str:
    """Why the older one does not do as well, as a sentence; empty if it does.

    :param members: is asked only of shared images
    """
    other = older['id']
    if facts.differ(image, older):
        return 'Image %s, which is older, has not the same bytes.' % other
    if older.get('os_hidden') or busy(older):
        return 'Image %s, which is older, is hidden or busy.' % other
    if not image.get('owner') or image['owner'] != older.get('owner'):
        return 'Image %s, which is older, is of another project.' % other
    if image.get('visibility') != older.get('visibility'):
        return ('Image %s, which is older, is visible to others: it is %s, '
                'and this one is %s.' % (
                    other, older.get('visibility'), image.get('visibility')))
    if not any_name and image.get('name') != older.get('name'):
        return ('Image %s, which is older, has another name. See --any-name.'
                % other)
    differs = boot.differences(image, older)
    if differs:
        return 'Image %s, which is older, differs in %s.' % (
            other, ', '.join(differs))
    if image.get('visibility') == 'shared' and not (
            members(str(image['id'])) <= members(str(other))):
        return ('Image %s, which is older, is not shared with all projects '
                'that this one is shared with.' % other)
    return ''


def _not_proven(fact: facts.Fact, older: facts.Fact, by: tuple[str, ...]
                ) -> str:
    if by == (grouping.Why.HASH,):
        return ''
    if by != (grouping.Why.CONTENT,):
        # What an attestation says, anybody may have written.
        return ('That it is as image %s is only told by what both were '
                'converted from.' % older.id)
    if not all(one.image.get('os_hash_value') for one in (fact, older)):
        return ('It or image %s has no hash, so that nobody could tell '
                'whether it has changed. See "repair".' % older.id)
    return ''


def _needed(older: facts.Fact) -> str:
    why = used(older)
    return 'Image %s, which is older, may be needed: %s' % (
        older.id, why) if why else ''
