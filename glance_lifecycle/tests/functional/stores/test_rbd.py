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

"""The rbd sink beside the stock driver and ``rbd import``, and killed."""

import io
import json
import logging
import time
from typing import Any

from glance_store._drivers import rbd as rbd_driver
from glance_store import exceptions as store_exceptions
from glance_store import location

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional.stores import rbd_case
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.tests import waiting
from glance_lifecycle.transfer.backends.rbd import options as rbd_options
from glance_lifecycle.transfer.backends.rbd \
    import server_side as rbd_server_side
from glance_lifecycle.transfer.backends.rbd import sink as rbd_sink
from glance_lifecycle.transfer.backends.rbd import undo as rbd_undo
from glance_lifecycle.transfer.backends.rbd import unfinished as rbd_unfinished
from glance_lifecycle.transfer import sink as sinks

IMAGE = rbd_case.IMAGE
MIB = rbd_case.MIB
THEIRS = '11111111-2222-4333-8444-555555555555'
CONTENT = helpers.Image(helpers.noise(5 * MIB + 13), 9 * MIB,
                        helpers.noise(3 * MIB), 77)


class ContractTest(rbd_case.RbdTestCase):

    def setUp(self) -> None:
        super().setUp()
        # The driver logs every refusal with a traceback.
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)

    def configure(self, *options: str) -> tuple[Any, dict[str, Any]]:
        """The driver, and the options of the sink, of one configuration."""
        text = '\n'.join((
            '[DEFAULT]', 'enabled_backends = one:rbd', '[one]',
            f'rbd_store_ceph_conf = {self.cluster.conf}',
            'rbd_store_user = glance', *options))
        driver = rbd_driver.Store(
            helpers.load_conf(text, str(self.path)), 'one')
        driver.configure(re_raise_bsc=True)
        described = rbd_sink.RbdSink.describe(
            helpers.load_conf(text, str(self.path)), 'one')
        return driver, json.loads(json.dumps(described))

    def add_both(self, image: helpers.Image,
                 *options: str) -> tuple[Any, sinks.Stored]:
        """Add by the driver and by us, and compare all that can be seen."""
        driver, described = self.configure(*options)
        url, _size, _md5, _hash, metadata = driver.add(
            THEIRS, io.BytesIO(image.content), len(image.content), 'md5')
        stored = helpers.store(
            rbd_sink.RbdSink('one', IMAGE, described), image)
        self.assertEqual(url.replace(THEIRS, IMAGE), stored.url)
        self.assertEqual(metadata, stored.metadata)
        pool = described['pool']
        self.assertEqual(self.facts(THEIRS, pool), self.facts(IMAGE, pool))
        self.assertEqual([], self.facts(IMAGE, pool)['metadata'])
        self.assertEqual(image.content, self.stored(IMAGE, pool))
        driver.delete(self.where(driver, url))
        return driver, stored

    def where(self, driver: Any, url: str) -> location.Location:
        return location.Location('rbd', rbd_driver.StoreLocation, driver.conf,
                                 uri=url, backend='one')

    def test_options(self) -> None:
        for options in (
                (), ('rbd_store_chunk_size = 4',),
                ('rbd_store_chunk_size = 3',), ('rbd_store_pool = images2',),
                ('rbd_thin_provisioning = true',),
                ('[backend_defaults]', 'rbd_store_pool = images2')):
            with self.subTest(options):
                driver, stored = self.add_both(CONTENT, *options)
                driver.delete(self.where(driver, stored.url))
        self.assert_nothing_left('images')
        self.assert_nothing_left('images2')

    def test_sizes(self) -> None:
        for name, image in helpers.IMAGES.items():
            with self.subTest(name):
                driver, stored = self.add_both(image)
                driver.delete(self.where(driver, stored.url))
        self.assert_nothing_left()

    def test_pool_with_odd_name(self) -> None:
        self.cluster.make_pool('glance images+1')
        driver, stored = self.add_both(
            CONTENT, 'rbd_store_user = admin',
            'rbd_store_pool = glance images+1')
        self.assertIn('/glance%20images%2B1/', stored.url)
        driver.delete(self.where(driver, stored.url))

    def test_the_driver_reads_and_deletes_ours(self) -> None:
        driver, stored = self.add_both(CONTENT)
        where = self.where(driver, stored.url)
        chunks, size = driver.get(where)
        self.assertEqual(CONTENT.content, b''.join(chunks))
        self.assertEqual(len(CONTENT.content), size)
        with self.assertRaises(store_exceptions.Duplicate):
            driver.add(IMAGE, io.BytesIO(b'x'), 1, 'md5')
        driver.delete(where)
        self.assert_nothing_left()

    def test_the_driver_s_is_not_overwritten(self) -> None:
        driver, described = self.configure()
        url = driver.add(IMAGE, io.BytesIO(b'theirs'), 6, 'md5')[0]
        sink = rbd_sink.RbdSink('one', IMAGE, described)
        with self.assertRaisesRegex(exceptions.StoreDuplicate, IMAGE):
            sink.begin(MIB)
        sink.abort()
        self.assertEqual(b'theirs', self.stored())
        driver.delete(self.where(driver, url))

    def test_features_of_ceph_conf(self) -> None:
        conf = self.path / 'ceph.conf'
        for features, order in (('1', 23), ('5', 20), ('0', 23)):
            with self.subTest(features):
                conf.write_text(
                    self.cluster.conf.read_text() +
                    f'[client]\nrbd_default_features = {features}\n')
                driver, stored = self.add_both(
                    CONTENT, f'rbd_store_ceph_conf = {conf}',
                    f'rbd_store_chunk_size = {1 << order - 20}')
                driver.delete(self.where(driver, stored.url))


class StoreTest(rbd_case.RbdTestCase):

    def tearDown(self) -> None:
        super().tearDown()
        for pool in self.cluster.pools:
            for image in self.cluster.images(pool):
                self.undo(image, pool=pool)
            self.assert_nothing_left(pool)

    def test_clone_as_nova_does(self) -> None:
        helpers.store(self.sink(), CONTENT)
        self.cluster.rbd('clone', f'images/{IMAGE}@snap', 'images2/vm_disk')
        with self.cluster.image('images2', 'vm_disk') as clone:
            self.assertEqual(CONTENT.content, clone.read(0, clone.size()))
            self.assertEqual([], list(clone.metadata_list()))
            self.assertEqual(
                ('images', IMAGE, 'snap'), clone.parent_info())
        with self.assertRaisesRegex(exceptions.StoreError, 'EBUSY'):
            self.undo()
        self.assertEqual(CONTENT.content, self.stored())
        self.cluster.rbd('rm', 'images2/vm_disk')

    def test_no_more_is_allocated_than_by_rbd_import(self) -> None:
        block = helpers.noise(4096, 5)
        image = helpers.Image(
            helpers.noise(MIB), 64 * MIB, helpers.noise(3 * MIB + 4096),
            12 * MIB - 8192, helpers.noise(5), bytes(100 * 1024 - 5),
            *[block + bytes(4096)] * 64, 31 * MIB)
        source = self.sparse_file(*image.pieces)
        start = self.cluster.allocated()
        self.cluster.rbd('import', '--object-size', '8M', source,
                         'images2/imported')
        imported = self.settled() - start
        sink = self.sink()
        helpers.store(sink, image)
        ours = self.settled() - start - imported
        self.assertEqual(image.content, self.stored())
        self.assertGreater(imported, 4 * MIB)
        # The log of operations and such grow meanwhile.
        self.assertLess(ours, imported + 256 * 1024)
        self.cluster.rbd('rm', 'images2/imported')
        self.assertLess(sink.bytes_written, 5 * MIB)

    def settled(self) -> int:
        """What is allocated, once that does not change any more."""
        return waiting.settled(self.cluster.allocated)

    def test_zeros_are_not_written(self) -> None:
        sink = self.sink()
        helpers.store(sink, helpers.Image(
            100 * MIB, bytes(16 * MIB), b'x', 4095, 7))
        self.assertEqual(1, sink.bytes_written)
        self.assertEqual(1, sum(name.startswith('rbd_data')
                                for name in self.cluster.objects('images')))

    def test_abort(self) -> None:
        for until in range(5):
            with self.subTest(until):
                sink = self.sink()
                sink.begin(len(CONTENT.content))
                helpers.feed(sink, CONTENT, until)
                self.assertEqual(
                    [rbd_unfinished.MARK],
                    [key for key, _value in self.facts(IMAGE)['metadata']])
                sink.abort()
                sink.abort()
                self.assert_nothing_left()

    def test_abort_before_begin(self) -> None:
        self.sink().abort()

    def test_abort_after_commit_keeps_it(self) -> None:
        sink = self.sink()
        helpers.store(sink, CONTENT)
        sink.abort()
        self.assertEqual(CONTENT.content, self.stored())

    def test_too_few_bytes(self) -> None:
        sink = self.sink()
        sink.begin(len(CONTENT.content))
        helpers.feed(sink, CONTENT, 2)
        with self.assertRaisesRegex(exceptions.InternalError, 'was given'):
            sink.commit()
        sink.abort()
        self.assert_nothing_left()

    def test_out_of_order(self) -> None:
        sink = self.sink()
        sink.begin(100)
        with self.assertRaises(exceptions.InternalError):
            sink.zero(10, 10)
        with self.assertRaises(exceptions.InternalError):
            sink.write(0, memoryview(bytes(101)))
        sink.abort()

    def test_undo(self) -> None:
        self.assertFalse(self.undo())
        helpers.store(self.sink(), CONTENT)
        self.assertTrue(self.undo())
        self.assertFalse(self.undo())

    def test_memory_is_bounded(self) -> None:
        """A store slower than its writer holds the writer up."""
        sink = self.sink()
        sink.begin(256 * MIB)
        writer = sink._writer
        assert writer is not None
        data = memoryview(helpers.noise(2 * MIB))
        most = 0
        for offset in range(0, 256 * MIB, len(data)):
            sink.write(offset, data)
            most = max(most, writer._bytes)
        self.assertLessEqual(most, 32 * MIB)
        self.assertGreater(most, 4 * MIB)
        sink.commit()


class LeftoverTest(rbd_case.RbdTestCase):
    """What writers that died have left.

    A dead writer is cut off where that is known and allowed, so that the end
    of its watch is not waited for: the cluster's blocklist tells.
    """

    def setUp(self) -> None:
        super().setUp()
        self.before = self.cluster.blocklist()

    def cut_off(self) -> bool:
        """Whether somebody was, since this was last asked."""
        before, self.before = self.before, self.cluster.blocklist()
        return self.before > before

    def store_anew(self, **options: Any) -> None:
        helpers.store(self.sink(**options), CONTENT)
        self.assertEqual(CONTENT.content, self.stored())
        self.assertTrue(self.undo(**options))
        self.assert_nothing_left()

    def test_killed_and_undone(self) -> None:
        for until in range(4):
            with self.subTest(until):
                self.kill_at(until)
                self.assertEqual([IMAGE], self.cluster.images('images'))
                facts = self.facts(IMAGE)
                self.assertEqual(until == 3, not facts['metadata'])
                self.assertEqual(until == 3, bool(facts['snaps']))
                self.assertTrue(self.undo())
                self.assertEqual(until < 3, self.cut_off())
                self.assert_nothing_left()

    def test_killed_and_begun_anew(self) -> None:
        self.kill_at(2)
        self.store_anew()
        self.assertTrue(self.cut_off())

    def test_killed_a_while_ago(self) -> None:
        """Its watch has ended; a slow OSD may still have writes of its."""
        self.kill_at(2)
        waiting.until('its watch has ended', lambda: not (
            self.facts(IMAGE)['watchers']), interval=0.2)
        self.assertTrue(self.undo())
        self.assertTrue(self.cut_off())
        self.assert_nothing_left()

    def test_killed_with_old_capabilities(self) -> None:
        """They allow no blocklist, so its watch has to end by itself."""
        self.kill_at(2, user='legacy')
        self.store_anew(user='legacy')
        self.assertFalse(self.cut_off())

    def test_killed_on_another_host(self) -> None:
        """Nobody here knows that it is dead, until its watch has ended."""
        child = self.start_victim(2)
        place = f'images/{IMAGE}'
        mark = json.loads(self.cluster.rbd(
            'image-meta', 'get', place, rbd_unfinished.MARK))
        self.cluster.rbd('image-meta', 'set', place, rbd_unfinished.MARK,
                         json.dumps({**mark, 'boot': 'another'}))
        child.kill()
        child.wait()
        self.assertNotEqual([], self.facts(IMAGE)['watchers'])
        self.store_anew()
        self.assertTrue(self.cut_off())

    def test_alive(self) -> None:
        first = self.sink()
        first.begin(len(CONTENT.content))
        helpers.feed(first, CONTENT, 2)
        second = self.sink()
        with self.assertRaisesRegex(exceptions.StoreDuplicate,
                                    'another transfer is writing it'):
            second.begin(MIB)
        second.abort()
        with self.assertRaisesRegex(exceptions.StoreError, 'open elsewhere'):
            self.undo()
        self.assertFalse(self.cut_off())
        rest = CONTENT.content[14 * MIB + 13:]
        first.write(14 * MIB + 13, memoryview(rest))
        first.commit()
        self.assertEqual(CONTENT.content, self.stored())
        self.assertTrue(self.undo())

    def test_of_the_stock_driver(self) -> None:
        """An image without snapshot: of an upload that may go on, or of one
        that was killed, which only its task can tell.
        """
        self.cluster.rbd('create', f'images/{IMAGE}', '--size', '64M')
        sink = self.sink()
        with self.assertRaisesRegex(exceptions.StoreDuplicate,
                                    'without a snapshot: another program'):
            sink.begin(MIB)
        sink.abort()
        self.assertFalse(self.undo())
        self.created.clear()
        self.assertFalse(self.undo())
        self.created.append(sinks.since(time.time() + 3600))
        self.assertFalse(self.undo())
        self.assertEqual([IMAGE], self.cluster.images('images'))
        self.created.append(sinks.since(time.time() - 3600))
        self.assertTrue(self.undo())
        self.assert_nothing_left()

    def test_of_the_stock_driver_that_goes_on(self) -> None:
        """Its image is open, and vouched for all the same."""
        self.cluster.rbd('create', f'images/{IMAGE}', '--size', '64M')
        self.created.append(sinks.since(time.time() - 3600))
        _rados, rbd = rbd_options.bindings('fast')
        with (self.cluster.ioctx('images') as ioctx,
              rbd.Image(ioctx, IMAGE),
              self.assertRaisesRegex(exceptions.StoreError,
                                     'open elsewhere')):
            self.undo()
        self.assertTrue(self.undo())
        self.assert_nothing_left()

    def test_killed_in_creation(self) -> None:
        """The name is taken, and there is no image yet: ours or another's.
        """
        self.created.append({'client': 0xab})
        for image_id, ours in ((b'abcd', True), (b'bcde', False)):
            with self.cluster.ioctx('images') as ioctx:
                ioctx.write_full(f'rbd_id.{IMAGE}', b'\4\0\0\0' + image_id)
            sink = self.sink()
            self.assertRaises(exceptions.StoreDuplicate, sink.begin, MIB)
            sink.abort()
            self.assertEqual(ours, self.undo())
        self.created.append(sinks.since(time.time() - 3600))
        self.assertTrue(self.undo())
        self.assert_nothing_left()

    def test_journal_is_lost(self) -> None:
        """Its metadata tell that it is ours, and its watch that it died."""
        self.kill_at(2)
        self.created.clear()
        self.assertTrue(self.undo())
        self.assert_nothing_left()

    def test_another_cluster(self) -> None:
        self.kill_at(2)
        noted = list(self.created)
        self.created[:] = [{**mark, 'fsid': 'another'} for mark in noted]
        with self.assertRaisesRegex(exceptions.StoreError,
                                    'another cluster'):
            self.undo()
        self.created[:] = noted
        self.assertTrue(self.undo())
        self.assert_nothing_left()

    def test_in_the_trash(self) -> None:
        """Where librbd puts what it removes, and a death leaves it."""
        for until in (2, 3):
            with self.subTest(until):
                self.created.clear()
                self.kill_at(until)
                waiting.until('its watch has ended', lambda: not self.facts(
                    IMAGE)['watchers'])
                self.cluster.rbd('trash', 'mv', f'images/{IMAGE}')
                # One of the same name, of somebody else, is none of ours.
                self.cluster.rbd('create', f'images/{IMAGE}', '--size', '9M')
                self.cluster.rbd('trash', 'mv', f'images/{IMAGE}')
                self.assertTrue(self.undo())
                self.assertFalse(self.undo())
                listed = json.loads(self.cluster.rbd(
                    'trash', 'ls', 'images', '--format', 'json'))
                self.assertEqual([IMAGE], [one['name'] for one in listed])
                self.cluster.rbd('trash', 'purge', 'images')
                self.assert_nothing_left()

    def test_replaced_meanwhile(self) -> None:
        """By another's that is just being made: of the same name, unmarked.
        """
        helpers.store(self.sink(), CONTENT)
        noted = list(self.created)
        self.assertTrue(self.undo())
        self.cluster.rbd('create', f'images/{IMAGE}', '--size', '64M')
        self.created[:] = noted
        self.assertFalse(self.undo())
        self.assertEqual([IMAGE], self.cluster.images('images'))

    def test_snapshots_of_a_foreign_image(self) -> None:
        foreign = rbd_sink.RbdSink('fast', IMAGE, self.options())
        helpers.store(foreign, CONTENT)
        self.cluster.rbd('snap', 'create', f'images/{IMAGE}@backup')
        facts = self.facts(IMAGE)
        self.assertFalse(self.undo())
        self.created.append({'id': 'another'})
        self.assertFalse(self.undo())
        self.assertEqual(facts, self.facts(IMAGE))

    def test_cloned_by_the_cluster(self) -> None:
        """Known by its id like every other, and so is its failure."""
        helpers.store(self.sink(), CONTENT)
        source = {'options': self.options(), 'fsid': self.cluster.fsid,
                  'image': IMAGE, 'snapshot': 'snap'}

        def clone() -> None:
            sink = rbd_server_side.ServerSide(
                'fast', IMAGE, self.options(pool='images2'), source)
            sink.note = self.note
            sink.run(len(CONTENT.content), MIB, lambda done: None)

        noted = list(self.created)
        self.created.clear()
        clone()
        self.assertEqual(CONTENT.content, self.stored(pool='images2'))
        self.assertTrue(self.undo(pool='images2'))
        self.assert_nothing_left('images2')
        self.cluster.rbd('create', f'images2/{IMAGE}', '--size', '9M')
        self.assertRaises(exceptions.StoreDuplicate, clone)
        self.assertFalse(self.undo(pool='images2'))
        self.assertEqual([IMAGE], self.cluster.images('images2'))
        self.created[:] = noted
        self.assertTrue(self.undo())

    def test_the_image_id_of_a_client(self) -> None:
        """What a mark from before the creation counts on."""
        sink = self.sink()
        sink.begin(MIB)
        client, made = self.created
        self.assertTrue(rbd_undo.may_be_of(client['client'], made['id']))
        self.assertFalse(rbd_undo.may_be_of(client['client'] + 1,
                                            made['id']))

    def test_killed_before_the_mark_was_removed(self) -> None:
        helpers.store(self.sink(), CONTENT)
        self.cluster.rbd('image-meta', 'set', f'images/{IMAGE}',
                         rbd_unfinished.MARK, 'damaged')
        self.store_anew()

    def test_snapshots_of_others_are_kept(self) -> None:
        self.cluster.rbd('create', f'images/{IMAGE}', '--size', '64M')
        self.cluster.rbd('snap', 'create', f'images/{IMAGE}@backup')
        sink = self.sink()
        self.assertRaises(exceptions.StoreDuplicate, sink.begin, MIB)
        sink.abort()
        self.assertFalse(self.undo())
        self.assertEqual([IMAGE], self.cluster.images('images'))
