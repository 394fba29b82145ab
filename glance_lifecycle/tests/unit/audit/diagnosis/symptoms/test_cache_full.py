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

"""Caches that are full, or are said to be."""

from glance_lifecycle.audit.caches import glance_advice
from glance_lifecycle.audit.caches import glance_nodes
from glance_lifecycle.tests.unit.audit.diagnosis.symptoms import cases

_LIMITS = glance_advice.Limits(1000, 60, '/cache', 'sqlite', 'cache.db')


def seen(*nodes: glance_nodes.Node, limits: glance_advice.Limits | None
         = _LIMITS) -> glance_advice.Seen:
    return glance_advice.Seen(list(nodes), {}, {}, limits, None, 0)


def node(size: int, **fields: object) -> glance_nodes.Node:
    return glance_nodes.Node('api1', (
        glance_nodes.Cached('i1', size, 1, 1, 1),), **fields)  # type: ignore


class CacheFullTest(cases.SymptomTestCase):

    symptom = 'cache-full'

    def test_not_known(self) -> None:
        needed = ' '.join(self.nothing_known()['needed'])
        self.assertIn('glance-lifecycle-compute-cache', needed)
        self.assertIn('--api-url', needed)

    def test_full(self) -> None:
        found = self.walk(cache=seen(node(5000)))
        self.assertEqual('yes', self.answers(found)[
            'Is the cache of api1 over its limit?'])
        self.assertTrue(found['findings'])
        found = self.walk(cache=seen(node(500)))
        self.assertEqual('no', self.answers(found)[
            'Is the cache of api1 over its limit?'])
        self.assertEqual([], found['findings'])

    def test_limit_not_known(self) -> None:
        found = self.walk(cache=seen(node(5000), limits=None))
        self.assertEqual('unknown', self.answers(found)[
            'Is the cache of api1 over its limit?'])

    def test_several_hosts(self) -> None:
        """One answer is not that of all, nor one limit."""
        files = {'%s/glance-api.conf' % one: '' for one in 'ab'}
        found = self.walk(files, cache=seen(node(5000), limits=None))
        self.assertIn('with --api-url', ' '.join(found['needed']))
        self.assertIn('not the same on each host', ' '.join(
            found['needed']))
        found = self.walk(files, cache=seen(node(500), node(600)))
        self.assertNotIn('with --api-url', ' '.join(found['needed']))

    def test_not_asked(self) -> None:
        found = self.walk(cache=seen(
            glance_nodes.Node('a', disabled=True),
            glance_nodes.Node(cases.HOSTILE, unknown=cases.HOSTILE)))
        self.assertEqual('no', self.answers(found)['Has a a cache?'])
        self.assertIn('unknown', self.answers(found).values())
        self.assertEqual([], found['findings'])

    def test_nova_never_removes(self) -> None:
        for text, answer in (
                ('', 'yes'), ('remove_unused_base_images = false', 'no'),
                ('manager_interval = -1', 'no'),
                ('manager_interval = x', 'unknown'),
                ('manager_interval = ***', 'unknown')):
            found = self.walk({'nova.conf': '[image_cache]\n%s\n' % text})
            self.assertEqual(answer, self.answers(found)[
                'Does Nova remove unused images, on api?'], text)
            if answer == 'no':
                self.assertIn('GLC816', self.found_codes(found))
