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

"""``cache audit`` against a real Glance with its cache on."""

import pathlib
import subprocess
from typing import Any

from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests import waiting

SIZE = 100_000


class CacheAuditCase(base.FunctionalTestCase):
    """:cvar driver: of the cache"""

    driver = 'sqlite'

    def setUp(self) -> None:
        super().setUp()
        self.api = self.useFixture(self.glance_api())
        self.cache_dir = self.api.base / 'cache'
        self.limit(2 * SIZE + SIZE // 2)
        paste = self.api.etc / 'glance-api-paste.ini'
        paste.write_text(paste.read_text().replace(
            ' context rootapp', ' context cache rootapp') + (
                '[filter:cache]\npaste.filter_factory = '
                'glance.api.middleware.cache:CacheFilter.factory\n'))
        self.api.start()
        self.admin = self.api.admin()

    def glance_api(self) -> glance.GlanceApi:
        return glance.GlanceApi(autostart=False)

    def limit(self, size: int) -> None:
        self.api.configure(DEFAULT={
            'image_cache_dir': self.cache_dir,
            'image_cache_driver': self.driver,
            'image_cache_max_size': size})

    def audit(self, *argv: object, code: int, user: str = 'admin') -> Any:
        who = openstack.OpenStack(
            self.api, user, user, *([user] if user == 'admin' else []))
        answer = who.run('image', 'lifecycle', 'cache', 'audit', *map(
            str, argv), '-f', 'json')
        self.assertEqual(code, answer.code, str(answer))
        return answer.json

    def here(self, *argv: object, code: int) -> Any:
        return self.audit('--config-dir', self.api.etc, *argv, code=code)

    def codes(self, report: Any) -> set[tuple[str, str]]:
        return {(one['code'], one['subject']) for one in report['findings']}

    def image(self, **fields: Any) -> str:
        created = self.admin.create_image(**{
            'disk_format': 'raw', 'visibility': 'private', **fields})
        self.admin.upload(created['id'], b'x' * SIZE)
        return str(created['id'])

    def fetch(self, image_id: str) -> None:
        """Into the cache at first, from there later."""
        got = self.admin.request('GET', f'images/{image_id}/file').content
        self.assertEqual(SIZE, len(got))
        waiting.until('it is cached', lambda: self.path(image_id).exists())

    def path(self, image_id: str) -> pathlib.Path:
        return self.cache_dir / image_id

    def cached(self) -> set[str]:
        return {each['image_id'] for each in self.admin.request(
            'GET', 'cache').json()['cached_images']}


class CacheAuditTest(CacheAuditCase):

    def test_pruner(self) -> None:
        """What it would remove is what the real one removes."""
        images = [self.image(name='image-%d' % one) for one in range(5)]
        for one in images[:4]:
            self.fetch(one)
        # The first was used last.
        self.fetch(images[0])
        waiting.until('it is counted', lambda: any(
            each['hits'] for each in self.admin.request(
                'GET', 'cache').json()['cached_images']))
        (self.cache_dir / 'queue' / images[4]).touch()
        report = self.here(code=4)
        node, = report['nodes']
        self.assertEqual(images[1:3], node['pruned_next'])
        rows = openstack.OpenStack(self.api, 'admin', 'admin', 'admin').run(
            'image', 'lifecycle', 'cache', 'audit', '--config-dir',
            str(self.api.etc), '-f', 'value', '-c', 'Name', '-c', 'Next')
        self.assertEqual(
            ['image-0 stays', 'image-1 pruned', 'image-2 pruned',
             'image-3 stays', 'image-4 fetched'],
            sorted(rows.stdout.splitlines()))
        self.assertEqual([images[4]], [one['image']
                                       for one in node['queued']])
        hits = {one['image']: one['hits'] for one in node['cached']}
        self.assertEqual({images[0]: 1, **dict.fromkeys(images[1:4], 0)},
                         hits)
        self.assertLessEqual({('over-limit', '*'), ('queued', '*'),
                              ('never-hit', images[1])}, self.codes(report))
        # Without its configuration nobody knows the limit.
        self.assertIsNone(self.audit(code=0)['nodes'][0]['pruned_next'])
        done = self.api.run('glance-cache-pruner')
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual({images[0], images[3]}, self.cached())
        self.assertEqual([], self.here(code=0)['nodes'][0]['pruned_next'])

    def test_images(self) -> None:
        """Gone and deactivated ones, and files that nobody knows."""
        gone, inactive = self.image(), self.image()
        self.fetch(gone)
        self.fetch(inactive)
        waiting.until('both are known', lambda: len(self.cached()) == 2)
        self.api.sql("UPDATE images SET deleted = 1, status = 'deleted' "
                     "WHERE id = '%s'" % gone)
        self.admin.request('POST', f'images/{inactive}/actions/deactivate')
        (self.cache_dir / 'stranger').write_bytes(b'x')
        (self.cache_dir / 'invalid' / inactive).write_bytes(b'x')
        self.assertEqual(
            {('cached-gone', gone), ('cached-not-active', inactive),
             ('unrecorded-files', '*'), ('to-clean', '*')},
            self.codes(self.here(code=4)))
        done = self.api.run('glance-cache-cleaner')
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertNotIn(('to-clean', '*'), self.codes(self.here(code=4)))

    def test_endpoints(self) -> None:
        """Each is asked; one that is away stops no other."""
        self.fetch(self.image())
        report = self.here('--endpoint', self.api.url, '--endpoint',
                           'http://127.0.0.1:1', code=3)
        self.assertEqual([1, 0], [len(one['cached'])
                                  for one in report['nodes']])
        self.assertIn(('node-unknown', '*'), self.codes(report))

    def test_not_allowed(self) -> None:
        self.assertEqual({('node-unknown', '*')}, self.codes(
            self.audit(code=3, user='alice')))


class NoCacheTest(base.FunctionalTestCase):

    def test_none(self) -> None:
        api = self.useFixture(glance.GlanceApi())
        answer = openstack.OpenStack(api, 'admin', 'admin', 'admin').run(
            'image', 'lifecycle', 'cache', 'audit')
        self.assertEqual(0, answer.code, str(answer))
        self.assertIn('image_cache_dir is not set', answer.stdout)


class CentralizedTest(CacheAuditTest):

    driver = 'centralized_db'

    def test_endless(self) -> None:
        """Files without a record, over the limit: the pruner never ends."""
        known = self.image()
        self.fetch(known)
        waiting.until('it is known', self.cached)
        stranger = self.cache_dir / 'stranger'
        stranger.write_bytes(b'x' * 3 * SIZE)
        report = self.here(code=1)
        self.assertEqual(('error', 'unrecorded-files'), (
            report['findings'][0]['severity'],
            report['findings'][0]['code']))
        self.assertEqual([known], report['nodes'][0]['pruned_next'])
        with subprocess.Popen(
                self.api.command('glance-cache-pruner'),
                env=self.api.environ(), cwd=self.api.base,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                ) as pruner:
            self.addCleanup(pruner.kill)
            # It goes on with an image that is none, of 0 bytes.
            waiting.until('it goes round', lambda: self.api.log_text().count(
                "Pruning 'None' to free 0 bytes") > 100)
            self.assertIsNone(pruner.poll())
            pruner.kill()
        self.assertEqual(set(), self.cached())
        self.assertTrue(stranger.exists())
