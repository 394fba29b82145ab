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

"""What is wanted of one image: the Decision.

Pure: facts in, Decision out, no I/O. So far all of it comes from the defaults
in ``[lifecycle]``; the policy document will refine it image by image.
"""

from collections.abc import Collection
import dataclasses

GIB = 1024 ** 3

# The expansion ratio says nothing of small disks: an empty qcow2 of 10 GiB is
# 196 KiB, a ratio of 53,000, and costs twenty seconds of hashing at most.
RATIO_EXEMPT = 10 * GIB

# What can be converted; anything else is stored as it is.
CONVERTIBLE = frozenset(('raw', 'qcow2', 'vmdk', 'vhd', 'vhdx', 'vdi'))


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an image when it is admitted.

    :ivar disk_format: Glance's name
    :ivar container_format: Glance's name; only ``bare`` can be converted
    :ivar size: bytes of the staged file
    :ivar virtual_size: bytes the guest sees
    """

    disk_format: str
    container_format: str
    size: int
    virtual_size: int


@dataclasses.dataclass(frozen=True, slots=True)
class Defaults:
    """The ``[lifecycle]`` options that decide, as plain values.

    :ivar max_virtual_size: bytes; 0 for no limit
    """

    convert: bool = True
    formats: Collection[str] = CONVERTIBLE
    max_virtual_size: int = 0
    max_expansion_ratio: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Violation:
    """One reason to refuse: a stable slug and a sentence."""

    reason: str
    detail: str


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """What to do with one image.

    :ivar disk_format: the format to store
    :ivar violations: why it must be refused; empty if it may come in
    """

    disk_format: str
    violations: tuple[Violation, ...]


def decide(facts: Facts, defaults: Defaults) -> Decision:
    convert = (defaults.convert and facts.container_format == 'bare'
               and facts.disk_format in CONVERTIBLE)
    return Decision(
        disk_format='raw' if convert else facts.disk_format,
        violations=tuple(_violations(facts, defaults)))


def _violations(facts: Facts, defaults: Defaults) -> list[Violation]:
    found = []
    if facts.disk_format not in defaults.formats:
        found.append(Violation(
            'format-not-allowed',
            'disk format %s is not among those allowed here (%s). Convert '
            'the image first, or ask the operator to add it to [lifecycle] '
            'formats' % (facts.disk_format,
                         ', '.join(sorted(defaults.formats)))))
    limit = defaults.max_virtual_size
    if limit and facts.virtual_size > limit:
        found.append(Violation(
            'size-limit',
            'its virtual size of %.1f GiB exceeds the limit of %.1f GiB '
            '([lifecycle] max_virtual_size)'
            % (facts.virtual_size / GIB, limit / GIB)))
    ratio = facts.virtual_size / max(facts.size, 1)
    if (defaults.max_expansion_ratio and facts.virtual_size > RATIO_EXEMPT
            and ratio > defaults.max_expansion_ratio):
        found.append(Violation(
            'expansion-ratio',
            'a file of %d KiB claims a virtual size of %.1f GiB, %d times as '
            'much; at most %d times is allowed ([lifecycle] '
            'max_expansion_ratio)'
            % (facts.size / 1024, facts.virtual_size / GIB, ratio,
               defaults.max_expansion_ratio)))
    return found
