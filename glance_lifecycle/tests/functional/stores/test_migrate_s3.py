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

"""Migrations from and to a bucket of a real S3 service."""

from collections.abc import Iterator
import contextlib

from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional.stores import test_hygiene_objects
from glance_lifecycle.tests.functional.worker import test_migrate
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker.database import moves

MIB = images.MIB
PLACE = test_hygiene_objects.PLACE
# Three parts, the last of which is a short one.
SIZE = 12 * MIB


class MigrateS3Test(test_hygiene_objects.RadosGwHygieneCase,
                    test_migrate.MigrateCase):
    """A file store, a bucket, and a pool of the cluster below it."""

    stores = {'files': 'file', 'archive': 's3', 'ceph': 'rbd'}

    def conf(self) -> dict[str, dict[str, object]]:
        found = super().conf()
        found['archive'].update({
            's3_store_large_object_size': 5,
            's3_store_large_object_chunk_size': 5})
        found['ceph'] = {
            'rbd_store_pool': 'images', 'rbd_store_user': 'glance',
            'rbd_store_ceph_conf': self.service.cluster.conf}
        return found

    def setUp(self) -> None:
        super().setUp()
        self.source = self.noise(SIZE)
        self.expected = images.digests(self.source)

    def daemon(self, attempts: int = 2) -> worker.Worker:
        return self.useFixture(worker.Worker(
            self.api, test_migrate.POLICY, attempts=attempts))

    def dying(self) -> worker.Worker:
        """One that is killed.

        Its transfer, or who undoes that, may hold the object for a moment
        more, and an attempt that comes then is refused.
        """
        return self.daemon(attempts=5)

    def in_bucket(self) -> list[str]:
        """Names of objects, and of uploads that have not ended."""
        return sorted(
            one['Key'] for operation, kind in (
                ('list_objects_v2', 'Contents'),
                ('list_multipart_uploads', 'Uploads'))
            for one in getattr(self.client, operation)(Bucket=PLACE).get(
                kind, ()))

    def in_archive(self) -> str:
        image_id = self.new_image(self.source)
        self.run_store('copy', image_id, '--to', 'archive')
        self.run_store('drop', image_id, '--from', 'files', '--yes')
        return image_id

    def assert_only(self, store: str, *image_ids: str) -> None:
        """There it is, whole, and in no other."""
        for image_id in image_ids:
            self.assertEqual([store], self.stores_of(image_id))
            path = self.work / 'got'
            path.write_bytes(self.admin.download(image_id))
            self.assertEqual(self.expected, images.digests(path))
        self.assertEqual(sorted(image_ids) if store == 'archive' else [],
                         self.in_bucket())
        self.assertEqual(
            sorted(image_ids) if store == 'ceph' else [],
            sorted(self.service.cluster.images('images')))
        self.assert_nothing_left(self.api, *(
            image_ids if store == 'files' else ()))

    def clear(self, *image_ids: str) -> None:
        for image_id in image_ids:
            self.admin.delete(image_id)

    def killed(self, daemon: worker.Worker, *argv: str) -> str:
        """The worker, in the middle of the first copy."""
        move_id = self.run_plan(daemon, '--canary', '0', *argv)
        with transfer.frozen(transfer.find_below(daemon.pid)):
            self.assertIn('copying', [
                image.state for image in moves.images(
                    daemon.database, move_id)])
            daemon.kill()
        daemon.start()
        return move_id

    def wait_done(self, daemon: worker.Worker) -> None:
        """The newest one has ended, and no image has failed."""
        found = self.wait(daemon, 'done', 'stopped')
        self.assertEqual(('done', []), (found['state'], found['attention']),
                         str(found))

    def test_file_to_bucket_and_back(self) -> None:
        """Killed on the way there, and on the way back."""
        self.ends = ('files', 'archive')
        moved = [self.new_image(self.source) for _n in range(2)]
        daemon = self.dying()
        move_id = self.killed(daemon)
        self.wait_done(daemon)
        self.assert_only('archive', *moved)

        self.ask(daemon, 'undo', move_id, '--yes')
        with transfer.frozen(transfer.find_below(daemon.pid)):
            daemon.kill()
        daemon.start()
        self.wait_done(daemon)
        self.assert_only('files', *moved)
        self.clear(*moved)

    def test_killed_while_it_uploads(self) -> None:
        """Parts that nobody has put together do not stay."""
        self.ends = ('files', 'archive')
        image_id = self.new_image(self.source)
        daemon = self.dying()
        self.run_plan(daemon)
        child = transfer.find_below(daemon.pid)
        with transfer.Throttle(child, 0.03, 0.07):
            waiting.until('it uploads', self.in_bucket)
            daemon.kill()
        daemon.start()
        self.wait_done(daemon)
        self.assert_only('archive', image_id)
        self.clear(image_id)

    def test_bucket_to_pool_and_back(self) -> None:
        self.ends = ('archive', 'ceph')
        moved = [self.in_archive() for _n in range(2)]
        daemon = self.dying()
        move_id = self.killed(daemon)
        self.wait_done(daemon)
        self.assert_only('ceph', *moved)
        self.ask(daemon, 'undo', move_id, '--yes')
        self.wait_done(daemon)
        self.assert_only('archive', *moved)
        self.clear(*moved)

    @contextlib.contextmanager
    def limited(self) -> Iterator[None]:
        """No room for such an image."""
        admin = self.service.admin
        admin('quota', 'set', '--quota-scope=user', '--uid=glance',
              f'--max-size={2 * MIB}')
        admin('quota', 'enable', '--quota-scope=user', '--uid=glance')
        try:
            yield
        finally:
            admin('quota', 'disable', '--quota-scope=user', '--uid=glance')

    @contextlib.contextmanager
    def read_only(self) -> Iterator[None]:
        """The bucket takes nothing, and deletes nothing."""
        admin = self.service.admin
        admin('user', 'modify', '--uid=glance', '--op-mask=read')
        try:
            yield
        finally:
            admin('user', 'modify', '--uid=glance',
                  '--op-mask=read, write, delete')

    def stopped(self, daemon: worker.Worker, image_id: str) -> str:
        """Why; it was not moved, and no part of it is there."""
        self.run_plan(daemon, '--max-errors', '0')
        found = self.wait(daemon, 'done', 'stopped')
        self.assertEqual('stopped', found['state'], str(found))
        self.assertEqual(['files'], self.stores_of(image_id))
        self.assertEqual([], self.in_bucket())
        return str(found['error'])

    def test_target_that_takes_nothing(self) -> None:
        """It stops and says why; and goes on when it takes them again."""
        self.ends = ('files', 'archive')
        for broken, said in ((self.limited, 'full'),
                             (self.read_only, 'archive')):
            image_id = self.new_image(self.source)
            daemon = self.daemon()
            with broken():
                self.assertIn(said, self.stopped(daemon, image_id))
            move = moves.listed(daemon.database)[0]
            self.ask(daemon, 'resume', move.id)
            self.wait_done(daemon)
            self.assert_only('archive', image_id)
            self.clear(image_id)
            daemon.terminate()

    def test_source_that_deletes_nothing(self) -> None:
        """Both copies stay, and that is told; then the old one goes."""
        self.ends = ('archive', 'files')
        image_id = self.in_archive()
        daemon = self.daemon()
        with self.read_only():
            self.run_plan(daemon, '--max-errors', '0')
            found = self.wait(daemon, 'done', 'stopped')
            self.assertEqual('stopped', found['state'], str(found))
            self.assertIn('files', self.stores_of(image_id))
        self.ask(daemon, 'resume', moves.listed(daemon.database)[0].id)
        self.wait_done(daemon)
        self.assert_only('files', image_id)
        self.clear(image_id)
