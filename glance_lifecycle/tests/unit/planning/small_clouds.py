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


"""Tiny clouds that hypothesis makes up, with all that a placement minds."""

from typing import Any

from hypothesis import strategies

from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import cloud_file
from glance_lifecycle.tests.unit.planning import paper

GIB = 1024 ** 3
_STORES = ('a', 'b', 'c')


@strategies.composite
def tiny(draw: Any) -> clouds.Cloud:
    """Up to four images in three stores; there is room for what is there."""
    images = [_image(draw, number)
              for number in range(draw(strategies.integers(1, 4)))]
    stores = []
    for number, name in enumerate(_STORES):
        free = draw(strategies.sampled_from((0, 1, 5, 20, 100))) * GIB
        stores.append({
            'name': name, 'kind': 'rbd' if number < 2 else 's3',
            'cost_per_gib_month': draw(strategies.sampled_from(
                (0, 0.01, 0.02, 0.05))), 'factor': 1,
            'capacity': 1000 * GIB, 'free': free,
            'thin': draw(strategies.booleans()),
            'weight': draw(strategies.integers(0, 2)),
            **({'fsid': 'f%d' % number} if number < 2 else {})})
    return cloud_file._cloud({
        'glance': {'default_store': draw(strategies.sampled_from(_STORES)),
                   'show_image_direct_url': True},
        'stores': stores, 'images': images,
        'compute_groups': [
            {'name': 'fast', 'hosts': 4, 'images_type': 'rbd', 'fsid': 'f0'},
            {'name': 'other', 'hosts': 4, 'images_type': 'rbd', 'fsid': 'f1'},
            {'name': 'local', 'hosts': 4, 'images_type': 'qcow2'}]})


def _image(draw: Any, number: int) -> dict[str, Any]:
    raw = draw(strategies.booleans())
    data = draw(strategies.integers(1, 10))
    size = data + draw(strategies.integers(0, 10)) if raw else data
    copies: list[Any] = draw(strategies.lists(
        strategies.sampled_from(_STORES), min_size=1, max_size=2,
        unique=True))
    if raw and draw(strategies.integers(0, 5)) == 0:
        copies[0] = {'store': copies[0], 'clones': 3}
    return {
        'name': 'image-%d' % number,
        'disk_format': 'raw' if raw else 'qcow2', 'size': size * GIB,
        'virtual_size': (size if raw else size + 5) * GIB,
        'data_size': data * GIB, 'copies': copies,
        'golden': draw(strategies.integers(0, 4)) == 0,
        'copies_at_least': draw(strategies.sampled_from((1, 1, 1, 2))),
        'boots_per_week': draw(strategies.dictionaries(
            strategies.sampled_from(('fast', 'other', 'local')),
            strategies.integers(1, 9), max_size=2)),
        **draw(strategies.sampled_from((
            {}, {'last_boot': '400 days'}, {'last_boot': '3 days'})))}


def paper_with_room(*changes: tuple[str, str]) -> clouds.Cloud:
    """The cloud of the documentation."""
    text = paper.EXAMPLE.read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return cloud_file.load(text.encode())


def many(count: int) -> clouds.Cloud:
    """Of all sizes, in a dear store; a cheap one has room for half."""
    images: list[dict[str, Any]] = [{
        'name': 'image-%d' % number, 'disk_format': 'qcow2',
        'size': (1 + number % 37) * GIB, 'virtual_size': 40 * GIB,
        'copies': ['dear'], 'last_boot': '%d days' % (100 + number)}
        for number in range(count)]
    whole = sum(one['size'] for one in images)
    return cloud_file._cloud({
        'glance': {'default_store': 'dear'}, 'images': images,
        'stores': [{'name': name, 'kind': 'file', 'capacity': 2 * whole,
                    'cost_per_gib_month': price, 'free': whole // 2}
                   for name, price in (('dear', 0.1), ('cheap', 0.01),
                                       ('between', 0.09))]})
