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

"""What a host knows of an image, by its directories."""

import os
import pathlib
import tempfile
from typing import Any

import testtools

from glance_lifecycle.audit.diagnosis import here
from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.audit.diagnosis import cases
from glance_lifecycle.transfer import job
from glance_lifecycle.transfer import journal


class HereTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.work = pathlib.Path(directory.name)
        self.places = here.Places(str(self.work), str(self.work))

    def test_staged(self) -> None:
        self.assertIsNone(here.Looking(self.places).look(cases.IMAGE).staged)
        (self.work / cases.IMAGE).write_bytes(b'x' * 7)
        os.utime(self.work / cases.IMAGE, (1, 1))
        (self.work / (cases.IMAGE + '0')).write_bytes(b'another')
        found = here.Looking(self.places).look(cases.IMAGE).staged
        assert found is not None
        self.assertEqual((7, 1), (found.size, found.changed.timestamp()))
        (self.work / (cases.IMAGE + '.raw')).write_bytes(b'xx')
        found = here.Looking(self.places).look(cases.IMAGE).staged
        assert found is not None
        self.assertEqual(2, found.size)

    def test_link(self) -> None:
        (self.work / cases.IMAGE).symlink_to('/etc/passwd')
        self.assertIsNone(here.Looking(self.places).look(cases.IMAGE).staged)

    def test_not_there(self) -> None:
        nowhere = str(self.work / 'nowhere')
        found = here.Looking(here.Places(nowhere, nowhere)).look(cases.IMAGE)
        self.assertEqual(('', None, 2), (
            found.staging, found.transfers, len(found.unknown)))
        for sentence in found.unknown:
            self.assertIn('as the user of glance-api', sentence)
        found = here.Looking(here.Places()).look(cases.IMAGE)
        self.assertEqual((None, ()), (found.transfers, found.unknown))

    def test_journals(self) -> None:
        mine = journal.create(str(self.work), 't1', cases.IMAGE)
        mine.note(method='glance-direct', stage_host='http://api2')
        journal.create(str(self.work), 't2', 'another').close()
        [found] = here.Looking(self.places).look(cases.IMAGE).transfers or ()
        self.assertEqual(('t1', True, 'http://api2'), (
            found.task_id, found.alive, found.stage_host))
        mine.note(failure=exceptions.StoreFull(
            store='s1', detail='no room').to_dict())
        mine.close()
        [found] = here.Looking(self.places).look(cases.IMAGE).transfers or ()
        self.assertFalse(found.alive)
        self.assertIn('Store s1 is full', found.failure)

    def test_copies(self) -> None:
        copy = journal.create(str(self.work), 'copy-1', cases.IMAGE)
        copy.note(method='store-copy', targets=[
            job.Target('s2', '', {}, driver='file'),
            job.Target('s3', '', {}, driver='file')])
        copy.close()
        [found] = here.Looking(self.places).look(cases.IMAGE).transfers or ()
        self.assertEqual(('copy-1', False, 'store-copy', ('s2', 's3')), (
            found.task_id, found.alive, found.method, found.stores))

    def test_one_after_the_other(self) -> None:
        """What comes, goes and dies meanwhile is seen."""
        looking = here.Looking(self.places)
        self.assertEqual(((), None), self.seen(looking, 'a'))
        mine = journal.create(str(self.work), 't1', 'a')
        (self.work / 'a').write_bytes(b'1')
        for _time in range(2):
            self.assertEqual(((), None), self.seen(looking, 'b'))
            self.assertEqual((('t1', True),), self.seen(looking, 'a')[0])
            self.assertEqual(1, self.seen(looking, 'a')[1])
        (self.work / 'a').write_bytes(b'12345')
        (self.work / 'b').write_bytes(b'12')
        mine.close()
        self.assertEqual(((('t1', False),), 5), self.seen(looking, 'a'))
        journal.create(str(self.work), 't2', 'b').close()
        self.assertEqual(((('t2', False),), 2), self.seen(looking, 'b'))
        # As if it had not changed for long.
        os.utime(self.work, (1, 1))
        for _time in range(2):
            self.assertEqual(2, self.seen(looking, 'b')[1])
        (self.work / 'a').unlink()
        (self.work / 'transfers/t1.json').unlink()
        self.assertEqual(((), None), self.seen(looking, 'a'))

    def seen(self, looking: here.Looking, image_id: str) -> Any:
        found = looking.look(image_id)
        return tuple((one.task_id, one.alive)
                     for one in found.transfers or ()), (
            found.staged and found.staged.size)

    def test_left(self) -> None:
        self.assertEqual(frozenset(), here.left(self.places))
        journal.create(str(self.work), 't1', 'dead').close()
        alive = journal.create(str(self.work), 't2', 'alive')
        self.addCleanup(alive.close)
        self.assertEqual({'dead'}, here.left(self.places))
        for nowhere in ('', str(self.work / 'nowhere'), '/dev/null'):
            self.assertEqual(frozenset(), here.left(here.Places(nowhere)))

    def test_configured(self) -> None:
        (self.work / 'glance-api.conf').write_text(
            '[DEFAULT]\nenabled_backends = a:file\n'
            'worker_self_reference_url = http://api1:9292\n'
            '[os_glance_staging_store]\nfilesystem_store_datadir = /st\n'
            '[lifecycle]\nstate_dir = /state\n')
        self.assertEqual(
            here.Places('/state', '/st', ('a',), 'http://api1:9292'),
            here.configured(self.work))
        (self.work / 'glance-api.conf').write_text('[DEFAULT]\n')
        self.assertEqual('/tmp/staging', here.configured(self.work).staging)
        (self.work / 'glance-api.conf').unlink()
        self.assertRaises(exceptions.ConfigurationError, here.configured,
                          self.work)
