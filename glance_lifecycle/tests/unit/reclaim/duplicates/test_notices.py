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

import dataclasses
import json
import os
import pathlib
import tempfile

import testtools

from glance_lifecycle import exceptions
from glance_lifecycle.reclaim.duplicates import notices
from glance_lifecycle.reclaim.duplicates import plan as plans
from glance_lifecycle.reclaim.duplicates import seen
from glance_lifecycle.tests.unit.reclaim.duplicates import helpers

A, B = helpers.A, helpers.B


def notice(project: str = 'p1', *, name: str = 'mine') -> notices.Notice:
    step = helpers.step(image=dataclasses.replace(
        seen.of(helpers.image(A, owner=project)), name=name))
    return notices.Notice(helpers.plan(step, remedy=plans.Remedy.TELL),
                          project, (step,))


class NoticeTest(testtools.TestCase):

    def test_json(self) -> None:
        one = notice()
        found = json.loads(one.to_json())
        self.assertEqual(('p1', one.plan.id), (found['project'],
                                               found['plan']))
        image, = found['images']
        self.assertEqual((A, B, ['hash'], ['hw_disk_bus'], 0, None), (
            image['image']['id'], image['use_instead']['id'],
            image['same_by'], image['differs_in'], image['servers'],
            image['volumes']))
        # Whose the other is, and where it lies, is not theirs to know.
        self.assertEqual(
            {'id', 'name', 'visibility', 'created_at', 'size',
             'os_hash_algo', 'os_hash_value'}, set(image['use_instead']))

    def test_text(self) -> None:
        text = notice(name='\x1b[31mred\n\u202e').to_text()
        self.assertIn('To the owners of project p1', text)
        self.assertIn(f'Your image {A} (\\x1b[31mred', text)
        self.assertIn(f'use instead: image {B} (ubuntu)', text)
        self.assertIn('has the same hash for both', text)
        self.assertIn('servers that need yours: 0, volumes: not known', text)
        self.assertIn('not the same in: hw_disk_bus', text)
        self.assertTrue(text.replace('\n', '').isprintable())

    def test_names(self) -> None:
        self.assertEqual('0123-ab', notices.file_name('0123-ab'))
        found = [notices.file_name(name) for name in (
            '', '..', 'a/b', '.', '-rf', 'a\x1b[2J', 'x' * 65, '_x',
            '\udcff')]
        self.assertEqual(len(found), len(set(found)))
        for name in found:
            self.assertRegex(name, '^_[0-9a-f]{16}$')


class DirectoryTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        work = tempfile.TemporaryDirectory()
        self.addCleanup(work.cleanup)
        self.path = pathlib.Path(work.name) / 'notices'

    def directory(self) -> notices.Directory:
        found = notices.Directory(str(self.path))
        self.addCleanup(found.close)
        return found

    def test_put(self) -> None:
        one = notice()
        self.assertTrue(self.directory().put(one))
        self.assertEqual(['p1.json', 'p1.txt'], sorted(os.listdir(self.path)))
        self.assertEqual(one.to_json() + '\n',
                         (self.path / 'p1.json').read_text())
        self.assertEqual(0o700, self.path.stat().st_mode & 0o777)
        self.assertEqual(0o600,
                         (self.path / 'p1.txt').stat().st_mode & 0o777)
        # Once more, and what somebody has changed stays so.
        self.assertFalse(self.directory().put(one))
        (self.path / 'p1.txt').write_text('Dear colleagues')
        error = self.assertRaises(exceptions.ConfigurationError,
                                  self.directory().put, one)
        self.assertIn('which was not replaced', str(error))
        self.assertEqual('Dear colleagues',
                         (self.path / 'p1.txt').read_text())

    def test_killed(self) -> None:
        """What a killed run has left is written to its end."""
        self.path.mkdir()
        one = notice()
        (self.path / '.p1.txt.new').write_text('a part of something longer'
                                               * 1000)
        self.assertTrue(self.directory().put(one))
        self.assertEqual(one.to_text() + '\n',
                         (self.path / 'p1.txt').read_text())
        (self.path / 'p1.json').unlink()
        self.assertTrue(self.directory().put(one))
        self.assertEqual(['p1.json', 'p1.txt'], sorted(os.listdir(self.path)))

    def test_links(self) -> None:
        self.path.mkdir()
        outside = self.path.parent / 'outside'
        (self.path / 'p1.txt').symlink_to(outside)
        self.assertRaises(exceptions.ConfigurationError,
                          self.directory().put, notice())
        self.assertFalse(outside.exists())
        (self.path / 'p1.txt').unlink()
        outside.write_text('theirs')
        for link in (os.symlink, os.link):
            link(outside, self.path / '.p1.txt.new')
            self.assertTrue(self.directory().put(notice()))
            self.assertEqual('theirs', outside.read_text())
            (self.path / 'p1.txt').unlink()

    def test_no_directory(self) -> None:
        self.path.write_text('')
        self.assertRaises(exceptions.ConfigurationError, notices.Directory,
                          str(self.path))
