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

"""What of images that are gone is removed from a host, and what never."""

import os
import pathlib
import threading
from typing import Any
from unittest import mock

import fixtures
import testtools

from glance_lifecycle.copies import verified
from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker import cleaning

ID, OTHER = image_api.image_id(1), image_api.image_id(2)
LOCK = 'os_glance_import_task'


class CleaningTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.base = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.staging = self.base / 'staging'
        self.staging.mkdir()
        # OTHER is there, and ID is gone.
        self.api = self.useFixture(image_api.ImageApi(image_api.image(2)))
        self.database: dict[str, Any] = {}
        self.asked = 0

    def staged(self, name: str = ID, *, hours: float = 25) -> pathlib.Path:
        path = self.staging / name
        path.write_bytes(b'12345')
        self.age(path, hours)
        return path

    @staticmethod
    def age(path: pathlib.Path, hours: float) -> None:
        when = path.stat().st_mtime - hours * 3600
        os.utime(path, (when, when))

    def record(self, image_id: str, store: str = 's1') -> pathlib.Path:
        verified.write(str(self.base), image_id, store,
                       verified.now('sha512:ab', 'url', 'f'))
        found, = (path for path in (self.base / 'verified').iterdir()
                  if path.name.startswith(f'{image_id}.{store}'))
        return found

    def state(self, image_id: str) -> Any:
        """As a database has it that says the same, unless it is told."""
        self.asked += 1
        image = self.api.images.get(image_id)
        return self.database.get(image_id, image and mock.Mock(
            status=image['status'], lock=image.get(LOCK), locations={}))

    def clean(self, *, act: bool = True, stale_after: float = 24 * 3600
              ) -> list[str]:
        cleaner = cleaning.Cleaner(
            cleaning.Places(str(self.staging), str(self.base), self.state),
            self.api.cloud(), stale_after, act=act)
        return [cleaning.said(removed, act=act)
                for removed in cleaner.clean()]

    def assert_kept(self, *paths: pathlib.Path, **options: Any) -> None:
        self.assertEqual([], self.clean(**options))
        for path in paths:
            self.assertTrue(os.path.lexists(path), path)

    def test_gone(self) -> None:
        paths = [self.staged(), self.staged(f'{ID}.converted'),
                 self.record(ID, 's1'), self.record(ID, 's2')]
        kept = self.record(OTHER)
        size = sum(path.stat().st_size for path in paths[2:])
        self.assertEqual([
            f'2 records of verified copies of an image that is gone, {size} '
            'bytes, removed.',
            f'Staged file {ID} of an image that is gone, 5 bytes, removed.',
            f'Staged file {ID}.converted of an image that is gone, 5 bytes, '
            'removed.'], self.clean())
        self.assertEqual([], [path for path in paths if path.exists()])
        self.assert_kept(kept)

    def test_observed(self) -> None:
        """It only says what it would do."""
        paths = self.staged(), self.record(ID)
        said = self.clean(act=False)
        self.assertEqual(2, len(said))
        self.assertIn('would be removed', said[1])
        self.assertTrue(all(path.exists() for path in paths))

    def test_stored(self) -> None:
        """Of an image that is there, nothing is staged any more."""
        self.record(OTHER)
        for status in ('active', 'deactivated'):
            self.staged(OTHER)
            self.api.images[OTHER]['status'] = status
            self.assertEqual([
                f'Staged file {OTHER} of an image that is {status}, 5 bytes, '
                'removed.'], self.clean())

    def test_needed(self) -> None:
        """By an upload or an import, or nobody can tell."""
        path = self.staged(OTHER)
        for changes in ({'status': 'uploading'}, {'status': 'importing'},
                        {'status': 'queued'}, {'status': 'saving'},
                        {'status': 'active', LOCK: 'task'}):
            self.api.images[OTHER] = image_api.image(2, **changes)
            self.assert_kept(path)
            # Or the database says so, which the lists are not made of.
            self.api.images[OTHER] = image_api.image(2)
            self.database[OTHER] = mock.Mock(
                status=changes['status'], lock=changes.get(LOCK),
                locations={})
            self.assert_kept(path)
            self.database.clear()

    def test_young(self) -> None:
        self.assert_kept(self.staged(hours=23), self.staged(OTHER, hours=23))

    def test_never(self) -> None:
        self.assert_kept(self.staged(), stale_after=0)

    def test_other_names(self) -> None:
        self.assert_kept(*(self.staged(name) for name in (
            'x', f'x{ID}', f'{ID}x', f'{ID}-x', f'.{ID}', ID[:-1],
            ID.replace('0', 'g'), '.glance')))
        link = self.staging / ID
        link.symlink_to(self.staged('target'))
        self.assert_kept(link, self.staging / 'target')
        link.unlink()
        link.mkdir()
        self.assert_kept(link)
        link.rmdir()
        os.mkfifo(link)
        self.age(link, 99)
        self.assert_kept(link)

    def test_open(self) -> None:
        """By whomever, and for what."""
        path = self.staged()
        for mode in ('rb', 'ab'):
            with path.open(mode):
                self.assert_kept(path)
        self.assertEqual(1, len(self.clean()))

    def test_wanted_meanwhile(self) -> None:
        """Who opens it while its image is asked for gets it."""
        path = self.staged()
        found: list[bytes] = []
        reader = threading.Thread(
            target=lambda: found.append(path.read_bytes()))

        def asked(_method: str, where: str) -> None:
            if where.endswith(f'/{ID}'):
                reader.start()
                # It waits for the lease.
                waiting.until('it is opened', lambda: any(
                    'BREAKING' in line for line in
                    pathlib.Path('/proc/locks').read_text().splitlines()))

        self.api.hook = asked
        self.assert_kept(path)
        reader.join()
        self.assertEqual([b'12345'], found)

    def test_locked_meanwhile(self) -> None:
        """An import or a copy begins after the list was made."""
        path = self.staged(OTHER)

        def asked(_method: str, where: str) -> None:
            if where.endswith(f'/{OTHER}'):
                self.api.images[OTHER][LOCK] = 'task'

        self.api.hook = asked
        self.assert_kept(path)

    def test_replaced_meanwhile(self) -> None:
        """Another has its name: that is not the one that was looked at."""
        path = self.staged()
        new = self.base / 'new'
        new.write_bytes(b'new')

        def asked(_method: str, where: str) -> None:
            if where.endswith(f'/{ID}') and new.exists():
                new.rename(path)

        self.api.hook = asked
        self.assert_kept(path)
        self.assertEqual(b'new', path.read_bytes())

    def test_of_another_region(self) -> None:
        """The Image API and the database of this host know other images."""
        paths = self.staged(), self.record(ID)
        self.database[ID] = mock.Mock(status='active', lock=None,
                                      locations={})
        self.assert_kept(*paths)

    def test_not_of_this_database(self) -> None:
        self.database[OTHER] = None
        self.assert_kept(self.staged(OTHER))

    def test_none_shown(self) -> None:
        """An API that answers, and has lost its database."""
        self.api.images.clear()
        self.assert_kept(self.staged(), self.record(ID))
        self.assertEqual(0, self.asked)

    def test_api_fails(self) -> None:
        paths = self.staged(), self.record(ID)
        for where in ('/v2/images', f'/v2/images/{ID}'):
            for status in (500, 503, 403):
                self.api.fail = {where: status}
                self.assertRaises(exceptions.LifecycleError, self.clean)
        self.assertTrue(all(path.exists() for path in paths))

    def test_database_fails(self) -> None:
        path = self.staged()
        with mock.patch.object(self, 'state', side_effect=ValueError):
            self.assertRaises(ValueError, self.clean)
        self.assertTrue(path.exists())

    def test_store_in_the_same_directory(self) -> None:
        """An operator's mistake: it is the stored copy."""
        path = self.staged(OTHER)
        self.database[OTHER] = mock.Mock(
            status='active', lock=None,
            locations={'s1': f'file://{self.base}/x/../staging/{OTHER}'})
        (self.base / 'x').mkdir()
        self.assert_kept(path)

    def test_nothing(self) -> None:
        """Then nobody is asked."""
        self.assert_kept()
        self.assertEqual([], self.api.requests)

    def test_many(self) -> None:
        """The Image API is asked for those that are there in few requests."""
        self.api.add(*(image_api.image(number) for number in range(2, 300)))
        for number in range(1, 300):
            self.record(image_api.image_id(number))
        self.assertEqual(1, len(self.clean()))
        self.assertEqual(1, len([path for _method, path in self.api.requests
                                 if path.startswith('/v2/images/')]))
        self.assertTrue(all(len(path) < 5000
                            for _method, path in self.api.requests))
