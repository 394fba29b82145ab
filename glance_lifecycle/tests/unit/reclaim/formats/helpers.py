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

"""Images and plans of images that become raw."""

from typing import Any

from glance_lifecycle.reclaim.duplicates import seen
from glance_lifecycle.reclaim.formats import plan as plans

A = '0aaaaaaa-0000-4000-8000-00000000000a'
B = '0bbbbbbb-0000-4000-8000-00000000000b'


def image(**fields: Any) -> dict[str, Any]:
    """As the Image API shows it; None for what it has not."""
    found = {
        'id': A, 'name': 'ubuntu', 'owner': 'p1', 'visibility': 'public',
        'status': 'active', 'os_hidden': False, 'protected': False,
        'disk_format': 'qcow2', 'container_format': 'bare', 'size': 100,
        'virtual_size': 1000, 'min_disk': 1, 'min_ram': 64, 'tags': ['a'],
        'os_hash_algo': 'sha512', 'os_hash_value': 'ab', 'checksum': 'cd',
        'stores': 's1', 'created_at': '2026-01-01T00:00:00Z',
        'updated_at': '2026-01-01T00:00:00Z', 'self': '/v2/images/' + A,
        'file': '/v2/images/%s/file' % A, 'schema': '/v2/schemas/image',
        **fields}
    return {name: value for name, value in found.items()
            if value is not None}


def step(**fields: Any) -> plans.Step:
    return plans.Step(**{
        'image': seen.of(image()), 'disk_format': 'qcow2',
        'virtual_size': 1000, 'stores': ('s1',), 'protected': False,
        'members': 0, 'users': 2, 'dropped': (), **fields})


def plan(*steps: plans.Step, **fields: Any) -> plans.Plan:
    return plans.Plan(**{
        'made': '2026-01-02T00:00:00+00:00', 'cloud': 'http://glance:9292',
        'where': '', 'secret': 'ab' * 16, 'steps': steps, **fields})
