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

"""The rbd sink on a cluster that is full, silent, gone or does not know us.

Stock waits for ever, or ends in a bare rbd.Timeout and leaves the image.
"""

from collections.abc import Iterator
import contextlib
import threading

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional.stores import rbd_case
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.tests import waiting
from glance_lifecycle.transfer.backends.rbd import cluster as rbd_cluster
from glance_lifecycle.transfer.backends.rbd import sink as rbd_sink
from glance_lifecycle.transfer.backends.rbd import unfinished as rbd_unfinished

IMAGE = rbd_case.IMAGE
MIB = rbd_case.MIB
TIMEOUT = 4
CONTENT = helpers.Image(*[helpers.noise(2 * MIB, n) for n in range(8)])


class FaultTestCase(rbd_case.RbdTestCase):

    def begun(self, until: int = 2, **options: object) -> rbd_sink.RbdSink:
        sink = self.sink(**{'timeout': TIMEOUT, **options})
        sink.begin(len(CONTENT.content))
        helpers.feed(sink, CONTENT, until)
        return sink

    def go_on(self, sink: rbd_sink.RbdSink, start: int = 2) -> None:
        """Write on from a piece, until the end or an error."""
        offset = start * 2 * MIB
        for piece in CONTENT.pieces[start:]:
            assert isinstance(piece, bytes)
            sink.write(offset, memoryview(piece))
            offset += len(piece)
        sink.commit()

    @contextlib.contextmanager
    def fails(self, kind: type[exceptions.StoreError], text: str
              ) -> Iterator[None]:
        """The error comes while the cluster is as the test has made it."""
        with self.assertRaisesRegex(kind, text) as caught:
            yield
        self.assertEqual('fast', caught.exception.store)

    def check_works(self) -> None:
        """The cluster is back: the next import of the image succeeds."""
        helpers.store(self.sink(), CONTENT)
        self.assertEqual(CONTENT.content, self.stored())
        self.assertTrue(self.undo())
        self.assert_nothing_left()


class RefusedTest(FaultTestCase):

    def refused(self, text: str, **options: object) -> None:
        for call in (lambda: self.sink(**options).begin(MIB),
                     lambda: self.undo(**options)):
            with self.fails(exceptions.StoreError, text):
                call()
        self.assert_nothing_left()

    def test_no_pool(self) -> None:
        self.refused('there is no pool nowhere; .* rbd_store_pool',
                     pool='nowhere')

    def test_unknown_key(self) -> None:
        self.refused('does not let client.stranger in: .* or another',
                     user='stranger')

    def test_no_key(self) -> None:
        self.refused('does not let client.nobody in: .* has no key for it',
                     user='nobody')

    def test_no_keyring(self) -> None:
        conf = self.path / 'ceph.conf'
        conf.write_text(self.cluster.conf.read_text().replace(
            'keyring', 'keyring = /nowhere/keyring #'))
        self.refused('names no keyring, .* for client.glance',
                     conf_file=str(conf))

    def test_no_ceph_conf(self) -> None:
        self.refused('rbd_store_ceph_conf', conf_file='/nowhere/ceph.conf')

    def test_may_only_read(self) -> None:
        sink = self.sink(user='reader')
        with self.fails(exceptions.StoreError,
                        'EPERM.* osd "profile rbd pool=images"'):
            sink.begin(MIB)
        sink.abort()
        self.assert_nothing_left()

    def test_cut_off(self) -> None:
        """An administrator, or a failover, blocklists this host."""
        sink = self.begun()
        with self.cluster.image('images', IMAGE) as image:
            addresses = [w['addr'] for w in image.watchers_list()]
        self.cluster.command('osd blocklist', blocklistop='add',
                             addr=addresses[0], expire=60.0)
        with self.fails(exceptions.StoreError, 'ESHUTDOWN.*blocklist'):
            self.go_on(sink)
        sink.abort()
        self.undo()
        self.assert_nothing_left()
        self.check_works()


class FullTest(FaultTestCase):

    def test_before(self) -> None:
        with self.cluster.full():
            sink = self.sink()
            with self.fails(exceptions.StoreFull,
                            'the cluster has no room left in pool images'):
                sink.begin(MIB)
            sink.abort()
        self.check_works()

    def test_while_writing(self) -> None:
        """No timeout is set, and still nobody waits for room."""
        sink = self.begun(timeout=-1)
        with self.cluster.full():
            with self.fails(exceptions.StoreFull, 'no room left'):
                self.go_on(sink)
            sink.abort()
            self.assert_nothing_left()
        self.check_works()

    def test_before_the_snapshot(self) -> None:
        """All is written, but the snapshot has an object map of its own.

        librbd makes it without, and says nothing.
        """
        sink = self.begun(8)
        assert sink._writer is not None
        sink._writer.drain()
        with self.cluster.full():
            with self.fails(exceptions.StoreFull,
                            'no room left .* opening the snapshot'):
                sink.commit()
            sink.abort()
            self.assert_nothing_left()
        self.check_works()

    def test_before_a_snapshot_without_object_map(self) -> None:
        """With no other features than the driver's own it takes no room."""
        conf = self.path / 'ceph.conf'
        conf.write_text(self.cluster.conf.read_text() +
                        '[client]\nrbd_default_features = 1\n')
        sink = self.begun(8, conf_file=str(conf))
        assert sink._writer is not None
        sink._writer.drain()
        with self.cluster.full():
            sink.commit()
            self.assertEqual(CONTENT.content, self.stored())
            self.assertTrue(self.undo())
            self.assert_nothing_left()

    def test_undo_makes_room(self) -> None:
        """Also in a pool that nothing was ever removed from."""
        self.cluster.empty('images')
        self.kill_at(2)
        with self.cluster.full():
            self.assertTrue(self.undo())
        self.assert_nothing_left()

    def test_cannot_be_removed(self) -> None:
        """What others have left there, who saw to no trash, stays known."""
        self.cluster.empty('images')
        self.cluster.rbd('create', f'images/{IMAGE}', '--size', '64M')
        self.created.append({'absent': True})
        with self.cluster.full():
            with self.fails(exceptions.StoreFull,
                            f'no room left .* {IMAGE} cannot be removed'):
                self.undo()
        self.assertTrue(self.undo())
        self.assert_nothing_left()


class SilentTest(FaultTestCase):

    def check_recovers(self) -> None:
        """What was left is found, and gone when it is undone.

        So are the calls that nobody waited for, and their connections.
        """
        transfer.until('no call is left behind', lambda: not any(
            thread.name == 'rbd-call' for thread in threading.enumerate()))
        self.undo()
        self.assert_nothing_left()
        self.check_works()

    def test_osd_before(self) -> None:
        sink = self.sink(timeout=TIMEOUT)
        with self.cluster.osd_stopped():
            with self.fails(exceptions.StoreError,
                            'did not answer within 4 s; its monitors do '
                            'answer, so look at its OSDs'):
                sink.begin(MIB)
            sink.abort()
            with self.fails(exceptions.StoreError, 'did not answer'):
                self.undo(timeout=TIMEOUT)
        self.check_recovers()

    def test_osd_while_writing(self) -> None:
        sink = self.begun()
        with self.cluster.osd_stopped():
            with self.fails(exceptions.StoreError,
                            'writing the image: the cluster did not answer'):
                for _again in range(100):
                    self.go_on(sink)
            sink.abort()
        self.wait_unwatched()
        self.check_recovers()

    def test_osd_at_the_end(self) -> None:
        sink = self.begun(8)
        assert sink._writer is not None
        sink._writer.drain()
        with self.cluster.osd_stopped():
            with self.fails(exceptions.StoreError, 'did not answer'):
                sink.commit()
            sink.abort()
        self.wait_unwatched()
        self.check_recovers()

    def test_osd_for_a_while(self) -> None:
        """A pause within the timeout only takes time, and no memory."""
        sink = self.begun(timeout=int(waiting.BOUND))
        stopped = contextlib.ExitStack()
        self.addCleanup(stopped.close)
        stopped.enter_context(self.cluster.osd_stopped())
        timer = threading.Timer(6, stopped.close)
        timer.start()
        self.addCleanup(timer.join)
        self.go_on(sink)
        self.assertEqual(CONTENT.content, self.stored())
        self.assertTrue(self.undo())

    def test_mon_before(self) -> None:
        sink = self.sink(timeout=TIMEOUT)
        with self.cluster.mon_down():
            with self.fails(exceptions.StoreError,
                            'connecting to the cluster: .* did not answer '
                            'within 4 s; check the monitors'):
                sink.begin(MIB)
            sink.abort()
        self.assert_nothing_left()

    def test_mon_at_the_end(self) -> None:
        """A snapshot needs a number from the monitors."""
        sink = self.begun(8)
        with self.cluster.mon_down():
            with self.fails(exceptions.StoreError,
                            'making the snapshot: .* monitors do not answer'):
                sink.commit()
            sink.abort()
        self.wait_unwatched()
        self.check_recovers()

    def test_no_timeout_is_set(self) -> None:
        """Ours counts, or that of ceph.conf, and both end."""
        with self.subTest('none'):
            cluster = rbd_cluster.Cluster('fast', self.options(timeout=-1))
            cluster.connect()
            self.assertEqual(300, cluster.timeout)
            self.assertEqual(300, float(cluster.config(
                'rados_osd_op_timeout')))
            cluster.close()
        conf = self.path / 'ceph.conf'
        conf.write_text(self.cluster.conf.read_text() +
                        '[client]\nrados_osd_op_timeout = 3\n')
        sink = self.begun(timeout=-1, conf_file=str(conf))
        with self.cluster.osd_stopped():
            with self.fails(exceptions.StoreError, 'within 3 s'):
                self.go_on(sink)
            sink.abort()
        self.wait_unwatched()
        self.check_recovers()

    def wait_unwatched(self) -> None:
        """The connection that was given up ends in the background.

        In the child process it ends with the process.
        """
        waiting.until('nobody watches it', lambda: not (
            self.cluster.images('images') and self.facts(IMAGE)['watchers']),
            interval=0.2)
        if self.cluster.images('images'):
            self.assertEqual([rbd_unfinished.MARK], [
                key for key, _value in self.facts(IMAGE)['metadata']])


class QuotaTest(FaultTestCase):
    """What only a manager knows of."""

    mgr = True

    def test_no_room_for_it(self) -> None:
        self.cluster.wait_usage('images', 0)
        sink = self.sink()
        # More would do too, but a removal looks for each object of an image.
        size = 64 * 1024 * MIB
        with self.fails(exceptions.StoreFull,
                        r'\d+ bytes are free in pool images, not the'):
            sink.begin(size)
        sink.abort()
        sink = self.sink()
        sink.begin(size, data_size=MIB)
        sink.abort()
        self.assert_nothing_left()

    def test_quota(self) -> None:
        self.cluster.command('osd pool set-quota', pool='images',
                             field='max_bytes', val=str(12 * MIB))
        self.cluster.wait_usage('images', 0)
        with self.fails(exceptions.StoreFull,
                        'the quota of pool images leaves'):
            self.sink().begin(16 * MIB)
        # Enforced seconds late, so it is passed first.
        sink = self.sink()
        sink.begin(len(CONTENT.content), data_size=1)
        helpers.feed(sink, CONTENT, 7)
        waiting.until('the quota is enforced', lambda: 'full_quota' in str(
            self.cluster.command('osd pool ls', detail='detail')),
            interval=0.2)
        with self.fails(exceptions.StoreFull,
                        'the quota of pool images is used up'):
            self.go_on(sink, 7)
        sink.abort()
        self.assert_nothing_left()
        self.cluster.command('osd pool set-quota', pool='images',
                             field='max_bytes', val='0')
