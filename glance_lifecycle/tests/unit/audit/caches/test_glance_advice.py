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

"""Findings about Glance's caches."""

from typing import Any
import unittest

from glance_lifecycle.audit.caches import eviction
from glance_lifecycle.audit.caches import glance_advice
from glance_lifecycle.audit.caches import glance_nodes

LIMITS = glance_advice.Limits(100, 60, '/srv/cache', 'sqlite', 'cache.db')
EMPTY = eviction.Directory({}, {}, {})


def cached(name: str, size: int = 5, hits: int = 1) -> glance_nodes.Cached:
    return glance_nodes.Cached(name, size, hits, 1.0, 1.0)


class AdviceTest(unittest.TestCase):

    def codes(self, *entries: glance_nodes.Cached,
              queued: tuple[str, ...] = (),
              images: dict[str, Any] | None = None, **changes: Any
              ) -> list[tuple[str, str]]:
        node = glance_nodes.Node('n', entries, queued)
        given: dict[str, Any] = {
            'nodes': [node], 'images': images or {}, 'kinds': {},
            'limits': LIMITS, 'directory': None, 'now': 1000.0}
        return [(str(one.severity), one.code)
                for one in glance_advice.findings(
                    glance_advice.Seen(**{**given, **changes}))]

    def test_well(self) -> None:
        self.assertEqual([], self.codes(
            cached('a'), images={'a': {'status': 'active'}}, directory=(
                eviction.Directory({'a': 5}, {}, {'b': (1, 999.0)}))))

    def test_size(self) -> None:
        self.assertEqual(
            [('warning', 'over-limit')], self.codes(
                cached('a', 60), cached('b', 60)))
        self.assertEqual(
            [('warning', 'larger-than-limit'), ('warning', 'over-limit')],
            self.codes(cached('a', 101)))
        self.assertEqual([], self.codes(cached('a', 101), limits=None))

    def test_images(self) -> None:
        raw = {'status': 'active', 'disk_format': 'raw', 'stores': 's1,s2'}
        for image, code in (
                (None, ('warning', 'cached-gone')),
                ({'status': 'deactivated'}, ('info', 'cached-not-active')),
                (raw, ('info', 'cloned-not-read')),
                ({**raw, 'stores': 's1'}, ('info', 'never-hit'))):
            self.assertEqual([code], self.codes(
                cached('a', 50, 0), images={'a': image},
                kinds={'s1': 'file', 's2': 'rbd'}))

    def test_queued(self) -> None:
        self.assertEqual([('info', 'queued')], self.codes(
            queued=('a',), images={'a': {'status': 'active'}}))
        for image in (None, {'status': 'queued'}):
            self.assertEqual(
                [('warning', 'queued-not-active'), ('info', 'queued')],
                self.codes(queued=('a',), images={'a': image}))

    def test_directory(self) -> None:
        for driver, size, severity in (
                ('sqlite', 101, 'warning'), ('centralized_db', 100, 'warning'),
                ('centralized_db', 101, 'error')):
            found = self.codes(
                directory=eviction.Directory({'x': size}, {}, {}),
                limits=glance_advice.Limits(100, 60, '/c', driver, ''))
            self.assertEqual([(severity, 'unrecorded-files')], found)
        for left in (eviction.Directory({}, {'x': 1}, {}),
                     eviction.Directory({}, {}, {'x': (1, 5.0)})):
            self.assertEqual([('info', 'to-clean')],
                             self.codes(directory=left))

    def test_nodes(self) -> None:
        for node, code in (
                (glance_nodes.Node('n', disabled=True), ('info', 'no-cache')),
                (glance_nodes.Node('n', unknown='It is away.'),
                 ('unknown', 'node-unknown'))):
            self.assertEqual([code], self.codes(nodes=[node]))
