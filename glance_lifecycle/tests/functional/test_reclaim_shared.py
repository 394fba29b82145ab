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

"""Two real Glances with one directory: only what neither needs goes."""

import json
import os
import pathlib
import time
from typing import Any

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional import reclaim_case
from glance_lifecycle.tests import waiting


class SharedTest(reclaim_case.ReclaimCase):

    def setUp(self) -> None:
        super().setUp()
        self.west = self.useFixture(glance.GlanceApi(autostart=False))
        self.west.configure(s1={
            'filesystem_store_datadir': str(self.api.store_dir('s1'))})
        self.west.start()

    def western(self, data: bytes, **properties: Any) -> str:
        image = self.west.admin().create_image(
            disk_format='raw', **properties)
        self.west.admin().upload(image['id'], data)
        return str(image['id'])

    def export(self, name: str) -> str:
        """What the other one needs now.

        An export has its time in whole seconds, and what changed in that
        second is unclear.
        """
        directory = self.api.store_dir('s1')
        newest = max(one.stat().st_ctime for one in directory.iterdir())
        waiting.until('the next second has begun',
                      lambda: int(time.time()) > newest)
        path = self.work / name
        answer = self.operator().spawn(
            'image', 'lifecycle', 'hygiene', 'export', '--out', str(path),
            '--name', 'west', '--config-file',
            str(self.west.etc / 'glance-api.conf'))
        self.assertEqual(0, answer.code, str(answer))
        return str(path)

    def all_seen(self) -> dict[str, Any]:
        directory = self.api.store_dir('s1')
        return {name: self.look(directory / name)
                for name in os.listdir(directory)
                if not name.startswith('.lifecycle')}

    def test_only_what_neither_needs(self) -> None:
        self.new_images()
        mine = self.orphan()
        # Both catalogues have it; here it was deleted, and the bytes that lie
        # there are those of the other.
        both = self.orphan()
        self.path(both).unlink()
        self.western(b'b' * 4000, id=both)
        # One that differs in nothing but the case.
        upper = '0A0B0C0D-0000-4000-8000-00000000000F'
        self.admin.create_image(id=upper, disk_format='raw')
        self.admin.upload(upper, b'u')
        self.admin.delete(upper)
        self.put(upper)
        self.west.admin().create_image(id=upper.lower())
        for number in range(4):
            self.western(b'%d' % number * 3000)
        before = self.all_seen()
        # Without a word about the other, nothing is taken.
        self.plan(code=3, name='alone')
        self.assertIn('nothing is taken', self.planned.stderr)
        first = self.export('first')
        plan = self.plan('--export', first, '--unsigned')
        self.assertEqual([mine], [row['Image'] for row in self.planned.json])
        self.assertEqual([['west'], 1], [
            [one['glance'] for one in json.loads(plan.read_text())[
                'exports']], len(self.planned.json)])
        # It is not applied without.
        answer = self.operator().spawn(*self.reclaiming('apply', str(plan)))
        self.assertEqual(1, answer.code)
        self.assertIn('an export of the Glance west', answer.stderr)
        self.assertEqual(before, self.all_seen())
        self.reclaim('apply', str(plan), '--export', first, '--unsigned')
        del before[mine]
        self.assertEqual(before, self.all_seen())
        # A later one does as well.
        second = self.export('second')
        answer = self.reclaim('apply', str(plan), '--export', second,
                              '--unsigned', '--purge', '--yes')
        self.assertEqual({mine: 'purged'}, self.outcomes(answer))
        self.assertEqual(before, self.all_seen())

    def test_needed_since(self) -> None:
        """A later export says so: it is brought back."""
        self.new_images()
        mine = self.orphan()
        self.western(b'w' * 2000)
        path = self.path(mine)
        before = self.look(path)
        plan = self.plan('--export', self.export('first'), '--unsigned')
        self.reclaim('apply', str(plan), '--export',
                     str(self.work / 'first'), '--unsigned')
        self.assertFalse(path.exists())
        # It has registered what lies there.
        self.west.admin().create_image(id=mine)
        answer = self.reclaim(
            'apply', str(plan), '--export', self.export('second'),
            '--unsigned', '--purge', '--yes', code=3)
        self.assertEqual({mine: 'restored'}, self.outcomes(answer))
        self.assertEqual(before, self.look(path))

    def test_tampered(self) -> None:
        self.new_images()
        self.orphan()
        self.western(b'w' * 2000)
        path = pathlib.Path(self.export('first'))
        path.write_bytes(path.read_bytes().replace(b'"west"', b'"east"'))
        answer = self.operator().spawn(*self.reclaiming(
            'plan', '--export', str(path), '--unsigned'))
        self.assertEqual(1, answer.code)
        self.assertIn('its digest is another', answer.stderr)
