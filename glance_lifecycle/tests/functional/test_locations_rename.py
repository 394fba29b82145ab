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

"""A store that gets another name, in a real Glance."""

import json
import os
from typing import Any

from glance_lifecycle.tests.functional import store_case
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker.database import engine
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import migration
from glance_lifecycle.worker.database import moves

SIZE = 100_000


class RenameCase(store_case.StoreCase):
    """Store ``s2`` is ``fast`` from then on; its directory stays."""

    def setUp(self) -> None:
        self.api = self.new_api({'DEFAULT': {'image_cache_dir': ''}})
        super().setUp()
        self.data = os.urandom(SIZE)

    def image(self) -> str:
        """In s2 alone."""
        image_id = self.staged(self.admin, self.data, 'raw')
        self.admin.import_image(image_id, stores=['s2'])
        self.admin.wait_import(image_id)
        return image_id

    def rename_store(self, **sections: Any) -> None:
        # An import ends for its user a moment before its journal goes.
        journals = self.api.state_dir / 'transfers'
        waiting.until('no journals', lambda: not list(journals.iterdir()))
        self.api.stop()
        directory = self.api.store_dir('s2')
        self.api.stores = {'fast' if name == 's2' else name: driver
                           for name, driver in self.api.stores.items()}
        self.api.configure(fast={'filesystem_store_datadir': directory},
                           **sections)
        self.api.start()

    def manage(self, *argv: str, old: str = 's2', new: str = 'fast',
               code: int = 0) -> dict[str, Any]:
        done = self.api.run('glance-lifecycle-manage', 'locations', 'rename',
                            '--from', old, '--to', new, '--format', 'json',
                            *argv)
        text = done.stdout + done.stderr
        self.assertEqual(code, done.returncode, text[-2000:])
        self.assertNotIn('Traceback', text)
        answer: dict[str, Any] = json.loads(done.stdout or '{}')
        return answer

    def named(self) -> dict[str, str]:
        """Image -> the store of its one location, by the database."""
        return {image_id: json.loads(text)['store'] for image_id, text in
                self.api.sql('select image_id, meta_data from '
                             "image_locations where status = 'active'")}

    def listed(self, image_id: str) -> str:
        """The stores that a list of images shows."""
        return str(next(image['stores'] for image in self.admin.list_images()
                        if image['id'] == image_id))


class GlanceItselfTest(RenameCase):
    """What Glance does of itself; the documentation says so."""

    def test_corrected_when_looked_at(self) -> None:
        ids = [self.image() for _ in range(4)]
        shown, downloaded, copied, deleted = ids
        self.rename_store()
        for image_id in ids:
            self.assertEqual('s2', self.listed(image_id))
        self.assertEqual(dict.fromkeys(ids, 's2'), self.named())
        self.assertEqual('fast', self.admin.get(shown)['stores'])
        self.assertEqual(self.data, self.admin.download(downloaded))
        self.admin.import_image(copied, 'copy-image', stores=['s1'])
        self.admin.wait_import(copied)
        self.assertEqual(['fast', 's1'], self.stores_of(copied))
        self.admin.delete(deleted)
        self.assertFalse((self.api.store_dir('fast') / deleted).exists())
        self.assertEqual('fast', self.named()[shown])
        self.assertEqual('fast', self.named()[downloaded])

    def test_not_where_the_place_is_another(self) -> None:
        """It knows the store by the beginning of the location alone."""
        image_id = self.image()
        self.rename_store()
        self.api.sql('update image_locations set value = replace(value, '
                     "'/s2/', '/s4/')")
        self.assertNotEqual(self.data, self.downloaded(image_id))
        self.assertEqual({image_id: 's2'}, self.named())

    def test_scrubber(self) -> None:
        """Nobody looks at an image that is deleted."""
        self.api.stop()
        self.api.configure(DEFAULT={'delayed_delete': True, 'scrub_time': 0})
        self.api.start()
        image_id = self.image()
        self.admin.delete(image_id)
        self.rename_store()
        self.api.run('glance-scrubber')
        self.assertTrue((self.api.store_dir('fast') / image_id).exists())
        self.assertEqual(1, self.manage('--yes')['done']['changed'])
        self.api.run('glance-scrubber')
        self.assertFalse((self.api.store_dir('fast') / image_id).exists())


class RenameTest(RenameCase):

    def test_renamed(self) -> None:
        ids = [self.image() for _ in range(3)]
        self.rows('verify', ids[0])
        (self.api.etc / 'images.yaml').write_text(
            'version: 1\nrules:\n  - name: all\n    place: {stores: [s2]}\n')
        self.rename_store(
            lifecycle={'policy_file': self.api.etc / 'images.yaml'},
            lifecycle_worker={'store_jobs': 's2:2'})
        plan = self.manage('--dry-run')['plan']
        self.assertEqual(
            (3, 3, {}, [], ['[lifecycle_worker] store_jobs'], [4]),
            tuple(plan[name] for name in (
                'number', 'images', 'left', 'hinders', 'options', 'policy')))
        self.assertEqual(dict.fromkeys(ids, 's2'), self.named())
        self.assertEqual(3, self.manage('--yes')['done']['changed'])
        self.assertEqual(dict.fromkeys(ids, 'fast'), self.named())
        self.assertEqual('fast', self.listed(ids[0]))
        self.assertEqual(self.data, self.admin.download(ids[1]))
        self.assertNotEqual(
            '', self.rows('show', ids[0])['fast']['Verified'])
        self.assertIsNone(self.manage('--yes')['done'])

    def test_refused(self) -> None:
        image_id = self.image()
        self.manage(new='fast', code=1)
        self.rename_store()
        # Its import has left the row.
        self.api.sql("update image_properties set value = 's1,s2', deleted = "
                     "0 where name = 'os_glance_importing_to_stores'")
        database = engine.Database(
            f'sqlite:///{self.api.state_dir}/worker.db')
        self.addCleanup(database.close)
        migration.sync(database)
        job, _opened = jobs.open_job(database, jobs.Wanted(
            image_id, 'copy', {'arguments': {'stores': ['s2']}}, 'A reason.'),
            actor='test')
        moves.begin(database, 'one', 's1', 's2', {}, [], [], actor='test')
        hinders = self.manage('--yes', code=1)['plan']['hinders']
        for hinder, text in zip(hinders, (image_id, job.id, 'one'),
                                strict=True):
            self.assertIn(text, hinder)
        self.assertEqual({image_id: 's2'}, self.named())

    def test_another_place(self) -> None:
        image_id = self.image()
        self.rename_store()
        self.api.configure(fast={
            'filesystem_store_datadir': self.api.base / 's3'})
        found = self.manage('--yes', code=1)
        self.assertEqual({'It is in no directory of the store.'},
                         set(found['plan']['left']))
        self.assertEqual({image_id: 's2'}, self.named())
        self.manage(old='s1', code=1)
        self.manage(new='nowhere', code=1)
