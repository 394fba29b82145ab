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

import os

from glance_lifecycle.audit.hygiene.local import listing
from glance_lifecycle.tests.unit.audit.hygiene.local import case
from glance_lifecycle.transfer import lease


class ListingTest(case.LocalCase):

    def listed(self, **options: bool) -> dict[str, listing.File]:
        return {name: listing.made(str(self.base), name, status,
                                   listing.Kind.STAGED, case.A)
                for name, status in listing.scan(str(self.base), **options)}

    def test_hostile(self) -> None:
        """No link is followed, no pipe is waited for, any name is a name."""
        names = ['a', '\x1b[31m\n', 'x' * 250, os.fsdecode(b'\xff\xfe')]
        for name in names:
            self.put(name)
        (self.base / 'link').symlink_to('/etc/passwd')
        (self.base / 'directory').mkdir()
        os.mkfifo(self.base / 'pipe')
        found = self.listed()
        self.assertEqual(
            {**dict.fromkeys(names, listing.Kind.STAGED), **dict.fromkeys(
                ('link', 'directory', 'pipe'), listing.Kind.OTHER)},
            {name: one.kind for name, one in found.items()})
        self.assertEqual({'', case.A},
                         {one.image_id for one in found.values()})
        self.assertEqual(5000, found['a'].size)
        self.assertLessEqual(4096, found['a'].allocated)
        for name in ('link', 'directory', 'pipe'):
            self.assertIsNot(lease.Use.NONE, listing.use(found[name]))

    def test_directories(self) -> None:
        self.assertEqual([], list(listing.scan(str(self.base / 'none'))))
        self.put('real/a')
        link = self.base / 'link'
        link.symlink_to(self.base / 'real')
        self.assertEqual(['a'], [name for name, _ in listing.scan(str(link))])
        with self.assertRaises(OSError):
            list(listing.scan(str(link), inner=True))
        with self.assertRaises(OSError):
            list(listing.scan(str(self.base / 'real/a')))

    def test_same(self) -> None:
        path = self.put('a')
        one = self.listed()['a']
        self.assertTrue(listing.same(one))
        self.assertTrue(listing.is_at(one, str(path)))
        self.assertFalse(listing.is_at(one, 'a\0b'))
        alias = self.base / 'alias'
        alias.symlink_to(path)
        self.assertTrue(listing.is_at(one, str(alias)))
        os.link(path, self.base / 'more')
        self.assertFalse(listing.same(one))
        self.assertEqual(1, self.listed()['a'].links)
        path.unlink()
        self.assertFalse(listing.same(one))
        self.assertIs(lease.Use.UNKNOWN, listing.use(one))

    def test_use(self) -> None:
        path = self.put('a')
        one = self.listed()['a']
        self.assertIs(lease.Use.NONE, listing.use(one))
        with path.open('rb'):
            self.assertIs(lease.Use.OPEN, listing.use(one))
        self.assertIs(lease.Use.NONE, listing.use(one))
