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

"""One copy goes; never the last one, nor one that is needed."""

from collections.abc import Callable
import json
import os
import pty
import subprocess
import sys
from unittest import mock

from glance_lifecycle.copies import leading
from glance_lifecycle import glance_host
from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional import store_case

# In a process of its own: Glance's configuration is a global.
_OTHERS = """
import json, sys
from glance_lifecycle.copies import host, leading
from glance_lifecycle import glance_host
host.configure((sys.argv[1],), ())
print(json.dumps(leading.others(
    sys.argv[2], glance_host.StoredCopy('s1', sys.argv[3]))))
"""


class DropTest(store_case.StoreCase):

    def setUp(self) -> None:
        self.api = self.useFixture(glance.GlanceApi())
        super().setUp()
        self.source = self.sparse()
        self.image_id = self.new_image(self.source)
        self.rows('copy', self.image_id, '--to', 's2')

    def drop(self, *argv: str, code: int = 0) -> openstack.Answer:
        return self.run_store('drop', self.image_id, *argv, code=code)

    def assert_both(self) -> None:
        self.assert_stored(self.api, self.admin.get(self.image_id),
                           images.digests(self.source), 's1', 's2')

    def test_drop(self) -> None:
        answer = self.drop('--from', 's1', '--dry-run')
        self.assertIn('DESTRUCTIVE', answer.stdout)
        self.assertIn('  goes: store s1, file, 67108864 bytes',
                      answer.stdout)
        self.assertIn('  stays: store s2', answer.stdout)
        self.assertIn('was not verified on this host', answer.stdout)
        self.assertIn('no terminal to ask on',
                      self.drop('--from', 's1', code=1).stderr)
        self.assert_both()
        self.assertIn('Dropped.', self.drop('--from', 's1', '-y').stdout)
        self.assertEqual(['s2'], self.stores_of(self.image_id))
        self.assertFalse(self.api.stored_copy(self.image_id, 's1').exists())
        (self.work / 'got').write_bytes(self.admin.download(self.image_id))
        self.assertEqual(images.digests(self.source),
                         images.digests(self.work / 'got'))

    def test_changed_while_asked(self) -> None:
        """What was shown is not what there is when the answer comes."""
        other = str(self.admin.create_image()['id'])
        there = self.api.stored_copy(self.image_id, 's2')
        aside = self.work / 'aside'
        self.register(other, 's3', self.api.stored_copy(self.image_id, 's1'))
        location = ('update image_locations set deleted = %d where '
                    f"image_id = '{other}'")
        self.api.sql(location % 1)
        for changes, back, why in (
                (lambda: self.api.sql(location % 0),
                 lambda: self.api.sql(location % 1),
                 f'image {other} has a location that leads there'),
                (lambda: there.rename(aside), lambda: aside.rename(there),
                 'no other copy is known to be whole'),
                (lambda: self.rows('copy', self.image_id, '--to', 's3'),
                 lambda: None, 'changed while you were asked')):
            answer = self.answered(changes)
            self.assertEqual(1, answer.code, str(answer))
            self.assertIn(why, answer.stderr)
            back()
            self.assertTrue(
                self.api.stored_copy(self.image_id, 's1').exists())
        self.assertIn('Dropped.', self.answered(lambda: None).stdout)
        self.assertEqual({'s2', 's3'}, set(self.stores_of(self.image_id)))

    def answered(self, before: Callable[[], object]) -> openstack.Answer:
        """Asked on a terminal; what happens before the answer "y"."""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        operator = self.operator()
        with os.fdopen(theirs) as terminal:
            process = subprocess.Popen(
                operator.argv(*self.words('drop', self.image_id, '--from',
                                          's1')),
                text=True, stdin=terminal, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, env=operator.environ())
            self.addCleanup(process.kill)
            said = ''
            while not said.endswith('[y/N] '):
                char = process.stderr.read(1) if process.stderr else ''
                self.assertTrue(char, said)
                said += char
            before()
            os.write(ours, b'y\n')
            return operator.end(process)

    def test_last(self) -> None:
        self.drop('--from', 's1', '--yes')
        self.assertIn('it is the last one', self.drop(
            '--from', 's2', '--yes', code=1).stderr)
        self.assertEqual(['s2'], self.stores_of(self.image_id))

    def test_last_that_is_there(self) -> None:
        """Glance believes its database; the operator's host looks."""
        self.api.stored_copy(self.image_id, 's1').unlink()
        self.assertIn('no other copy is known to be whole', self.drop(
            '--from', 's2', '--yes', code=1).stderr)
        self.assertTrue(self.api.stored_copy(self.image_id, 's2').exists())
        # What is not there may be dropped from the record.
        self.assertIn('NOT THERE', self.drop('--from', 's1', '-y').stdout)
        self.assertEqual(['s2'], self.stores_of(self.image_id))

    def test_of_another_image(self) -> None:
        """An image was registered with what is stored for this one."""
        other = str(self.admin.create_image()['id'])
        self.register(other, 's2', self.api.stored_copy(self.image_id, 's2'))
        answer = self.drop('--from', 's2', '--yes', code=1)
        self.assertIn('image %s has a location that leads there' % other,
                      answer.stderr)
        # By another way to the same store, or to one that is not here.
        self.assertIn('image %s has a location' % other, self.drop(
            '--from', 's1', '--yes', code=1).stderr)
        self.assert_both()
        self.api.sql('update image_locations set deleted = 1 '
                     f"where image_id = '{other}'")
        self.drop('--from', 's1', '--yes')
        self.assertEqual(['s2'], self.stores_of(self.image_id))

    def test_one_store_by_two_names(self) -> None:
        """What stays would be what goes."""
        (self.work / 'link').symlink_to(
            self.api.stored_copy(self.image_id, 's1').parent)
        self.register(self.image_id, 's3',
                      self.work / 'link' / self.image_id)
        for store in ('s1', 's3'):
            self.assertIn('leads to the same', self.drop(
                '--from', store, '--yes', code=1).stderr)
        self.assertTrue(self.api.stored_copy(self.image_id, 's1').exists())

    def test_delayed_delete(self) -> None:
        """Glance would keep the object, and never look at it again."""
        self.api.stop()
        self.api.configure(DEFAULT={'delayed_delete': True})
        self.api.start()
        self.assertIn('[DEFAULT] delayed_delete', self.drop(
            '--from', 's2', '--yes', code=1).stderr)
        self.assert_both()

    def test_not_there(self) -> None:
        self.assertIn('it has in s1, s2', self.drop(
            '--from', 's3', '--yes', code=1).stderr)

    def test_without_a_host(self) -> None:
        """An administrator's Image API tells the kind of a store."""
        answer = self.operator().spawn(
            'image', 'lifecycle', 'store', 'drop', self.image_id, '--from',
            's2', '--yes')
        self.assertEqual(0, answer.code, str(answer))
        self.assertIn('not known: whether the copy in store s1 is there',
                      answer.stdout)
        self.assertIn('not known: whether a location of another image leads',
                      answer.stdout)
        self.assertEqual(['s1'], self.stores_of(self.image_id))

    def test_policy_of_glance(self) -> None:
        """Who may not do it by the Image API may not do it by us."""
        other = openstack.OpenStack(self.api, 'eve', 'other', 'reader')
        self.admin.update(self.image_id, visibility='community')
        answer = other.spawn(*self.words(
            'drop', self.image_id, '--from', 's2', '--yes'))
        self.assertEqual(1, answer.code, str(answer))
        self.assertIn('did not drop the copy', answer.stderr)
        self.assert_both()


class OthersTest(store_case.StoreCase):
    """Locations of other images, as the database may have them."""

    def setUp(self) -> None:
        self.api = self.useFixture(glance.GlanceApi())
        super().setUp()

    def test_retire(self) -> None:
        """What no store deletes, and what is only called the same."""
        images = [str(self.admin.create_image()['id']) for _ in range(2)]
        for url in ('http://mirror/disk.img', 'https://mirror/disk.img'):
            self.assertEqual([], self.others(images, url, url))
        self.assertEqual([], self.others(
            images, 'file:///a/disk.img', 'file:///b/disk.img'))
        self.assertIn('image %s has a location' % images[1], self.others(
            images, 'file:///a/disk.img', 'file:///a/../a/disk.img')[0])
        self.assertIn('image %s has a location' % images[1], self.others(
            images, 'rbd://f/p/%s/snap' % images[0],
            'rbd://f/q/%s/snap' % images[0])[0])
        self.assertIn('nobody can tell where its location in store s1 leads',
                      self.others(images, '', 'file:///a/b')[0])

    def others(self, images: list[str], url: str, other: str) -> list[str]:
        """Of the first image, which has a copy there."""
        self.api.sql('delete from image_locations')
        self.api.sql(
            'insert into image_locations (value, meta_data, status, '
            'created_at, deleted, image_id) values '
            f"('{other}', '{{}}', 'active', datetime('now'), 0, "
            f"'{images[1]}')")
        done = subprocess.run(
            [sys.executable, '-c', _OTHERS, str(
                self.api.etc / 'glance-api.conf'), images[0], url],
            text=True, capture_output=True, check=True)
        found: list[str] = json.loads(done.stdout)
        return found


class SameTest(base.FunctionalTestCase):
    """Two locations of one image that may lead to one object."""

    def test_same(self) -> None:
        for one, other, same in (
                ('s3://K:S@h/b/i', 's3://L:T/@h/b/i', True),
                ('s3+https://K:S@h/b/i', 's3://K:S@h/b/i', True),
                ('s3://K:S@h/b/i', 's3://K:S@h/c/i', False),
                ('swift+http://t:u:old@a/v3/c/i',
                 'swift+https://t:u:new@a/v3/c/i', True),
                ('swift+http://t:u:k@a/v3/c/i',
                 'swift+http://o:u:k@a/v3/c/i', False),
                ('swift+config://r/c/i', 'swift+config://q/c/i', False),
                ('rbd://f/p/i/snap', 'rbd://f/q/i/snap', False)):
            copies = [glance_host.StoredCopy(store, url)
                      for store, url in (('s1', one), ('s2', other))]
            image = mock.Mock(copies=copies)
            self.assertEqual(
                ['its location in store s2 leads to the same']
                if same else [], leading.same(image, copies[0]), one)
