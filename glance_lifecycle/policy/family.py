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

"""What makes images a family: one property, or a part of their names.

Builds of the same thing are one family, such as all images of Ubuntu 24.04.
Pure, and bounded whatever strangers call their images.
"""

from collections.abc import Mapping
import dataclasses
import fnmatch
import functools
import re
from typing import Any

from glance_lifecycle.policy import facts as policy_facts
from glance_lifecycle.policy import match

# A name is never longer. Of 100,000 images, the values of properties could
# fill the memory.
_LONGEST = 255

# One character of a name each, or a star, or a bracket of the group.
_TOKEN = re.compile(r'\[!?\]?[^\]]*\]|.', re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Family:
    """What ``retain.family`` says: the one or the other.

    :ivar property: whose value is that of the family
    :ivar names: patterns, of which the first that fits counts. What stands
        in its round brackets is the family; without them, all names that
        are like the pattern are one
    """

    property: str = ''
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> 'Family':
        """Of what the schema has passed."""
        return cls(said.get('property', ''),
                   match.many(said['name']) if 'name' in said else ())

    def value(self, facts: policy_facts.Facts) -> str | None:
        """Which family of these it is of; None for none, or not known."""
        if self.property:
            found = (facts.properties or {}).get(self.property)
        else:
            found = self._of_name(facts.name or '')
        return found if found and len(found) <= _LONGEST else None

    def _of_name(self, name: str) -> str | None:
        for pattern in self.names if len(name) <= _LONGEST else ():
            found = _compiled(pattern).match(name)
            if found is not None:
                # Where the brackets are.
                return name[found.start(1):found.start(2)] if (
                    found.re.groups) else pattern
        return None

    def __str__(self) -> str:
        return 'property %s' % match.text(self.property) if (
            self.property) else 'name like %s' % match.text(self.names)


def check(pattern: str) -> None:
    """:raises ValueError: it is no pattern of a family, and why"""
    tokens = _TOKEN.findall(pattern)
    if tokens.count('*') > 8:
        raise ValueError('it has more than 8 stars')
    if [token for token in tokens if token in ('(', ')')] not in (
            [], ['(', ')']):
        raise ValueError('round brackets mark one part of the name, once; '
                         'write [(] and [)] for brackets in the name')


@functools.lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    """With an empty group at each round bracket.

    Each star but the last takes as little as it can, and nothing goes back
    to give it more (an atomic group): the time is linear in the name. All
    that stands between two stars is of one length, so that this finds a
    match if there is one.
    """
    parts = ['']
    for each in _TOKEN.findall(pattern):
        if each == '*':
            parts.append('')
        elif each in ('(', ')'):
            parts[-1] += '()'
        else:
            # Without what fnmatch puts around it: (?s:...)\Z
            parts[-1] += fnmatch.translate(each)[4:-3]
    first, *others = parts
    return re.compile('(?s:%s)\\Z' % (first + ''.join(
        '(?>.*?%s)' % part for part in others[:-1]) + ''.join(
        '.*' + part for part in others[-1:])))
