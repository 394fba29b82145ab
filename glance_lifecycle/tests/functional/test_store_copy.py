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

"""From one stored copy to others, and what comes in between."""

import os
import pathlib
import signal
import subprocess

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import store_case

TO_BOTH = ('--to', 's2', '--to', 's3')


class CopyCase(store_case.StoreCase):

    def setUp(self) -> None:
        self.api = self.useFixture(glance.GlanceApi())
        super().setUp()

    def assert_copies(self, image_id: str, expected: images.Reference,
                      *stores: str) -> None:
        self.assert_stored(self.api, self.admin.get(image_id), expected,
                           *stores)
        self.assert_nothing_left(self.api, image_id)


class CopyTest(CopyCase):

    def test_to_two_stores(self) -> None:
        source = self.sparse()
        image_id = self.new_image(source)
        before = self.admin.get(image_id)
        found = self.rows('copy', image_id, *TO_BOTH)
        self.assertEqual({'s2': 'copied', 's3': 'copied'},
                         {s: row['Result'] for s, row in found.items()})
        self.assertLess(found['s2']['Written'], 16 * images.MIB)
        self.assert_copies(image_id, images.digests(source),
                           's1', 's2', 's3')
        # Nothing else of the image has changed.
        after = self.admin.get(image_id)
        for image in (before, after):
            for name in ('stores', 'locations', 'direct_url'):
                image.pop(name, None)
        self.assertEqual(before, after)
        # Each copy serves.
        for store in ('s1', 's2'):
            self.run_store('drop', image_id, '--from', store, '--yes')
            (self.work / 'got').write_bytes(self.admin.download(image_id))
            self.assertEqual(images.digests(source),
                             images.digests(self.work / 'got'))
        self.admin.delete(image_id)
        self.assert_nothing_left(self.api)

    def test_as_the_driver(self) -> None:
        """Location and metadata are those of Glance's own copy-image."""
        image_id = self.new_image(b'x' * 100000)
        self.rows('copy', image_id, '--to', 's2')
        self.admin.import_image(image_id, 'copy-image', stores=['s3'])
        self.admin.wait_import(image_id)
        locations = {
            place['metadata']['store']: place for place in
            self.admin.get(image_id)['locations']}
        for place in locations.values():
            place['url'] = place['url'].replace('/s2/', '/s3/')
            place['metadata']['store'] = 's3'
        self.assertEqual(locations['s3'], locations['s2'])

    def test_qcow2_stays_qcow2(self) -> None:
        """Its bytes are copied, and never parsed."""
        source = images.make(self.work / 'a.qcow2')
        image_id = self.new_image(source, 'qcow2')
        self.rows('copy', image_id, *TO_BOTH)
        self.assert_copies(image_id, images.digests(source),
                           's1', 's2', 's3')

    def test_again(self) -> None:
        source = self.sparse()
        image_id = self.new_image(source)
        self.rows('copy', image_id, '--to', 's2')
        status = self.api.stored_copy(image_id, 's2').stat()
        self.assertEqual(
            {'s2': 'already there', 's3': 'copied'},
            self.results('copy', image_id, *TO_BOTH))
        self.assertEqual(
            {'s2': 'already there', 's3': 'already there'},
            self.results('copy', image_id, *TO_BOTH))
        self.assertEqual(status.st_mtime_ns, self.api.stored_copy(
            image_id, 's2').stat().st_mtime_ns)
        self.assert_copies(image_id, images.digests(source),
                           's1', 's2', 's3')

    def test_encrypted_locations(self) -> None:
        self.api.stop()
        self.api.configure(DEFAULT={
            'metadata_encryption_key': '0123456789abcdef'})
        self.api.start()
        source = self.sparse()
        image_id = self.new_image(source)
        self.rows('copy', image_id, '--to', 's2')
        self.assert_copies(image_id, images.digests(source), 's1', 's2')
        for (value,) in self.api.sql('select value from image_locations'):
            self.assertNotIn('file:', value)
        # So that it takes more than a glance to see whose a copy is.
        other = self.new_image(source)
        self.rows('copy', other, '--to', 's2')
        self.api.sql(f"update image_locations set image_id = '{other}' "
                     f"where id = (select min(id) from image_locations)")
        self.assertIn('image %s has a location that leads there' % other,
                      self.run_store('drop', image_id, '--from', 's2',
                                     '--yes', code=1).stderr)

    def test_by_glance(self) -> None:
        source = self.sparse()
        image_id = self.new_image(source)
        argv = ['image', 'lifecycle', 'store', 'copy', image_id, *TO_BOTH,
                '-f', 'json']
        for expected in ('copied', 'already there'):
            answer = self.operator().spawn(*argv)
            self.assertEqual(0, answer.code, str(answer))
            self.assertEqual(
                {'s2': expected, 's3': expected},
                {s: r['Result'] for s, r in self.by_store(answer).items()})
        self.assert_copies(image_id, images.digests(source),
                           's1', 's2', 's3')


class BadSourceTest(CopyCase):

    def test_only_one_and_corrupt(self) -> None:
        image_id = self.new_image(self.sparse())
        self.corrupt(self.api.stored_copy(image_id, 's1'))
        answer = self.run_store('copy', image_id, *TO_BOTH, code=1)
        self.assertIn('The copy in store s1 is not the image', answer.stderr)
        self.assertEqual(['s1'], self.stores_of(image_id))
        self.assert_nothing_left(self.api, image_id)

    def test_the_next_one_is_good(self) -> None:
        source = self.sparse()
        image_id = self.new_image(source)
        self.rows('copy', image_id, '--to', 's2')
        self.corrupt(self.api.stored_copy(image_id, 's1'))
        self.assertEqual(
            {'s1': 'bad source', 's3': 'copied'},
            self.results('copy', image_id, '--to', 's3', code=1))
        self.assertEqual(images.digests(source), images.digests(
            self.api.stored_copy(image_id, 's3')))
        self.assert_nothing_left(self.api, image_id)

    def test_from_one(self) -> None:
        image_id = self.new_image(self.sparse())
        self.rows('copy', image_id, '--to', 's2')
        self.api.stored_copy(image_id, 's2').unlink()
        self.assertIn('has no copy where it should be', self.run_store(
            'copy', image_id, '--to', 's3', '--from', 's2', code=1).stderr)
        self.assertIn('has no copy in store s3', self.run_store(
            'copy', image_id, '--to', 's3', '--from', 's3', code=1).stderr)
        self.assertEqual({'s3': 'copied'}, self.results(
            'copy', image_id, '--to', 's3', '--from', 's1'))


class RefusedTest(CopyCase):

    def test_no_such_store(self) -> None:
        image_id = self.new_image(b'x' * 1000)
        self.assertIn('store s9 is not among enabled_backends',
                      self.run_store('copy', image_id, '--to', 's9',
                                     code=1).stderr)
        self.assert_nothing_left(self.api, image_id)

    def test_not_active(self) -> None:
        image = self.admin.create_image()
        self.assertIn('has no os_hash_value', self.run_store(
            'copy', image['id'], '--to', 's2', code=1).stderr)
        image_id = self.new_image(b'x')
        self.admin.request('POST', f'images/{image_id}/actions/deactivate')
        self.assertIn('only an active image', self.run_store(
            'copy', image_id, '--to', 's2', code=1).stderr)

    def test_locked(self) -> None:
        image_id = self.new_image(b'x')
        self.api.sql(
            "insert into image_properties (image_id, name, value, "
            "created_at, deleted) values ('%s', 'os_glance_import_task', "
            "'t1', '2026-01-01', 0)" % image_id)
        self.assertIn('by task t1', self.run_store(
            'copy', image_id, '--to', 's2', code=1).stderr)

    def test_location_quota(self) -> None:
        self.api.configure(DEFAULT={'image_location_quota': 1})
        image_id = self.new_image(b'x')
        self.assertIn('image_location_quota', self.run_store(
            'copy', image_id, '--to', 's2', code=1).stderr)
        self.assert_nothing_left(self.api, image_id)

    def test_something_is_there(self) -> None:
        """What Glance knows nothing of is not overwritten, nor removed."""
        image_id = self.new_image(b'x' * 1000)
        path = self.api.stored_copy(image_id, 's2')
        path.write_bytes(b'precious')
        found = self.rows('copy', image_id, *TO_BOTH, code=1)
        self.assertEqual(('failed', 'copied'),
                         (found['s2']['Result'], found['s3']['Result']))
        self.assertIn('It was not overwritten', found['s2']['Detail'])
        self.assertIn('Glance has no location there', self.run_store(
            'copy', image_id, '--to', 's2', code=1).stderr)
        self.assertEqual(b'precious', path.read_bytes())
        self.assertEqual(['s1', 's3'], self.stores_of(image_id))


class InterruptedTest(CopyCase):

    def setUp(self) -> None:
        super().setUp()
        self.source = self.noise(192 * images.MIB)
        self.image_id = self.new_image(self.source)

    def begin_slowly(self) -> tuple[subprocess.Popen[str], int]:
        """The command, and its child that has begun to write, stopped."""
        command = self.begin('copy', self.image_id, *TO_BOTH)
        child = transfer.find_below(command.pid)
        # Let go on for a moment after that, it was done before the signal.
        with transfer.Throttle(child, 0.03, 0.07, then=signal.SIGSTOP):
            transfer.until('both stores are written', lambda: all(
                (self.unfinished(store).exists()
                 and self.unfinished(store).stat().st_blocks)
                for store in ('s2', 's3')))
        return command, child

    def unfinished(self, store: str) -> pathlib.Path:
        return self.api.base / store / f'.{self.image_id}.lifecycle'

    def assert_complete_again(self) -> None:
        self.assertEqual({'s2': 'copied', 's3': 'copied'},
                         self.results('copy', self.image_id, *TO_BOTH))
        self.assert_copies(self.image_id, images.digests(self.source),
                           's1', 's2', 's3')

    def test_killed(self) -> None:
        """All at once, as a host that goes down: the journal is found."""
        command, child = self.begin_slowly()
        command.kill()
        os.kill(child, signal.SIGKILL)
        command.wait()
        transfer.until('the child is gone',
                       lambda: not transfer.running(child))
        left = self.api.leftovers(self.image_id)
        self.assertEqual(3, len(left), str(left))
        self.assertEqual(['s1'], self.stores_of(self.image_id))
        answer = self.run_store('copy', self.image_id, *TO_BOTH)
        self.assertIn('unfinished copies removed from s2, s3', answer.stderr)
        self.assert_copies(self.image_id, images.digests(self.source),
                           's1', 's2', 's3')

    def test_killed_and_recovered(self) -> None:
        command, child = self.begin_slowly()
        self.assertEqual(['copy-runs'], list(self.causes(0)))
        command.kill()
        os.kill(child, signal.SIGKILL)
        command.wait()
        transfer.until('the child is gone',
                       lambda: not transfer.running(child))
        found = self.causes(4)
        self.assertEqual(['copy-dead'], list(found))
        row = found['copy-dead']
        self.assertEqual('glance-lifecycle-manage recover --dry-run',
                         row['Command'])
        self.assertIn('into store s2, s3', row['Evidence'])
        self.assertIn(f'store copy {self.image_id} --to s2 --to s3.',
                      row['Remedy'])
        # Nobody else can tell, and so nobody does.
        self.assertEqual(['well'], list(self.causes(0, here=False)))
        self.assertEqual({self.image_id: 'copy-dead'}, {
            row['Image']: row['Cause'] for row in self.diagnosed(
                4, '--all-stuck', '--config-dir', self.api.etc)})
        before = self.admin.get(self.image_id)
        self.assertEqual([self.image_id], [
            plan['image_id'] for plan in self.recover(self.api)])
        self.assertEqual(before, self.admin.get(self.image_id))
        self.assertEqual(['well'], list(self.causes(0)))
        self.assert_nothing_left(self.api, self.image_id)
        self.assert_complete_again()

    def causes(self, code: int, here: bool = True) -> store_case.Rows:
        """What ``diagnose`` says, on the host of the copy or from afar."""
        return {row['Cause']: row for row in self.diagnosed(
            code, self.image_id,
            *(('--config-dir', self.api.etc) if here else ()))}

    def test_killed_command(self) -> None:
        """Its child notices, and removes what it wrote."""
        command, child = self.begin_slowly()
        command.kill()
        command.wait()
        os.kill(child, signal.SIGCONT)
        transfer.until('the child is gone',
                       lambda: not transfer.running(child))
        self.assertEqual(1, len(self.api.leftovers(self.image_id)))
        self.assert_complete_again()

    def test_killed_child(self) -> None:
        command, child = self.begin_slowly()
        os.kill(child, signal.SIGKILL)
        answer = self.operator().end(command)
        self.assertEqual(1, answer.code)
        self.assertIn('its process was killed', answer.stderr)
        self.assert_nothing_left(self.api, self.image_id)
        self.assert_complete_again()

    def test_control_c(self) -> None:
        # A shell has what it runs in the background ignore it, and whoever
        # that starts inherits it.
        self.addCleanup(signal.signal, signal.SIGINT, signal.signal(
            signal.SIGINT, signal.default_int_handler))
        command, child = self.begin_slowly()
        command.send_signal(signal.SIGINT)
        # Or it may be done before the signal is seen.
        with transfer.Throttle(child):
            answer = self.operator().end(command)
        self.assertNotEqual(0, answer.code)
        self.assert_nothing_left(self.api, self.image_id)
        self.assert_complete_again()

    def test_deleted_meanwhile(self) -> None:
        command, child = self.begin_slowly()
        self.admin.delete(self.image_id)
        os.kill(child, signal.SIGCONT)
        answer = self.operator().end(command)
        self.assertEqual(1, answer.code)
        self.assertIn('the image was deleted', answer.stdout + answer.stderr)
        self.assert_nothing_left(self.api)

    def test_registered_and_killed(self) -> None:
        """Glance knows the copy: its journal removes nothing."""
        self.results('copy', self.image_id, '--to', 's2')
        transfers = self.api.state_dir / 'transfers'
        journal = transfers / 'copy-x.json'
        options = ('{"method": "store-copy", "image_id": "%s", "targets": '
                   '[{"store": "s2", "entry": "glance_lifecycle.transfer.'
                   'sink.file:FileSink", "name": "", "options": {"datadirs":'
                   ' [["%s", 0]], "by_space": false, "mode": 0, "metadata":'
                   ' []}}]}\n')
        journal.write_text(options % (self.image_id, self.api.base / 's2'))
        self.assertEqual({'s3': 'copied'}, self.results(
            'copy', self.image_id, '--to', 's3'))
        self.assert_copies(self.image_id, images.digests(self.source),
                           's1', 's2', 's3')
