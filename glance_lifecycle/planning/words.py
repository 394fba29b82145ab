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

"""Numbers of a plan, as sentences have them."""

from collections.abc import Iterable
import textwrap

from glance_lifecycle.planning import boots
from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.policy import units

_MOST_NAMES = 5


def size(value: float) -> str:
    return units.size_text(round(value))


def seconds(value: float) -> str:
    return '%.1f s' % value


def count(value: float, what: str) -> str:
    """Such as "1 image"; what ends with an s is many."""
    return '%s %s' % (number(value), what[:-1] if value == 1 else what)


def number(value: float) -> str:
    return '%d' % value if value == int(value) else '%.1f' % value


def cost(cloud: clouds.Cloud, value: float) -> str:
    return '%.2f%s a month' % (
        value, ' ' + cloud.currency if cloud.currency else '')


def week(value: boots.Week) -> str:
    """What a week of disks takes."""
    if not value.disks:
        return 'nobody makes disks'
    return '%s of %s a week cloned, %s to a disk, %s moved a week' % (
        number(value.cloned), count(value.disks, 'disks'),
        seconds(value.mean), size(value.moved))


def consumer(one: clouds.Consumer) -> str:
    return '%s (%s)' % (one.name, one.service)


def names(found: Iterable[str]) -> str:
    """Of the first, and how many more."""
    listed = list(found)
    more = len(listed) - _MOST_NAMES
    return ', '.join(listed[:_MOST_NAMES]) + (
        ' and %d more' % more if more > 0 else '')


def wrapped(text: str, width: int) -> list[str]:
    """Lines; no word is broken."""
    return textwrap.wrap(text, width, break_long_words=False,
                         break_on_hyphens=False)
