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

"""Images as the Image API shows them."""

from typing import Any
import uuid

from glance_lifecycle.audit.duplicates import grouping
from glance_lifecycle.reclaim.duplicates import facts
from glance_lifecycle.reclaim.duplicates import plan as plans
from glance_lifecycle.reclaim.duplicates import seen
from glance_lifecycle.tests.unit.audit.duplicates import helpers

Why = grouping.Why


def image_id(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


A, B, C, D = map(image_id, 'abcd')


def image(which: str = A, /, **other: Any) -> dict[str, Any]:
    """An active one; what is None is not there."""
    found = {
        'id': which, 'name': 'ubuntu', 'owner': 'p1', 'status': 'active',
        'visibility': 'private', 'os_hidden': False, 'protected': False,
        'created_at': '2026-01-01T00:00:00Z', 'size': 100,
        'os_hash_algo': 'sha512', 'os_hash_value': 'ab' * 64,
        'stores': 's1', 'disk_format': 'raw', 'container_format': 'bare',
        'min_disk': 0, 'min_ram': 0, 'hw_disk_bus': 'virtio', **other}
    return {key: value for key, value in found.items() if value is not None}


def fact(which: str = A, /, servers: int | None = 0,
         volumes: int | None = 0, **other: Any) -> facts.Fact:
    return facts.Fact(image(which, **other), servers, volumes)


def group(*some: facts.Fact, why: tuple[Why, ...] = (Why.HASH,)
          ) -> grouping.Group:
    """The oldest first."""
    return grouping.Group('0123456789ab', why, tuple(
        helpers.member(one.id, project=one.owner, created=float(number))
        for number, one in enumerate(some)))


def step(name: str = A, **other: Any) -> plans.Step:
    return plans.Step(**{
        'group': '0123456789ab', 'same_by': ('hash',),
        'image': seen.of(image(name)), 'instead': seen.of(image(B)),
        'servers': 0, 'volumes': None, 'differs': ('hw_disk_bus',), **other})


def plan(*steps: plans.Step, **other: Any) -> plans.Plan:
    return plans.Plan(**{
        'made': '2026-01-01T00:00:00+00:00', 'cloud': 'http://glance:9292',
        'remedy': plans.Remedy.HIDE, 'policy': '', 'any_name': False,
        'steps': steps, **other})
