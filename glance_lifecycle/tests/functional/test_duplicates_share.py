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

"""Files of the same bytes share their blocks, on real file systems."""

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import json
import multiprocessing
import os
import pathlib
import signal
from typing import Any
import uuid

from glance_lifecycle.audit.duplicates import grouping
from glance_lifecycle.audit.duplicates import members
from glance_lifecycle.copies import sharing
from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import loopfs
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional import test_duplicates
from glance_lifecycle.transfer.backends.file import dedupe
from glance_lifecycle.transfer.backends.file import extent_map
from glance_lifecycle.transfer.backends.file import inventory

MIB = images.MIB
# More than two calls to the kernel, and not of whole blocks.
SIZE = 2 * dedupe.MOST + 3 * MIB + 1234

Row = dict[str, Any]


def mapped(path: pathlib.Path) -> list[extent_map.Extent]:
    with path.open('rb') as stream:
        return extent_map.extents(stream.fileno(), 0,
                                  os.fstat(stream.fileno()).st_size)


def taken(*paths: pathlib.Path) -> int:
    """Bytes of the device that they have, shared ones once."""
    return extent_map.taken(map(mapped, paths), 0, 2 ** 62)


def placed(path: pathlib.Path) -> list[tuple[int, ...]]:
    return [one[:3] for one in mapped(path)]


def seen(*paths: pathlib.Path) -> list[tuple[Any, ...]]:
    """All that nobody may notice a change of."""
    return [(path.read_bytes(), status.st_mtime_ns, status.st_ino,
             status.st_mode) for path in paths
            for status in [path.stat()]]


class ShareTest(test_duplicates.DuplicatesCase):
    """The command; stores s1 and s2 share blocks, and s3 is on ext4."""

    kind = 'xfs'

    @classmethod
    def glance(cls) -> glance.GlanceApi:
        datadirs = {}
        for kind, size, stores in (
                (cls.kind, loopfs.REFLINKS[cls.kind], ('s1', 's2')),
                ('ext4', 48 * MIB, ('s3',))):
            mount = loopfs.LoopFs(size, kind)
            cls.addClassCleanup(mount.cleanUp)
            mount.setUp()
            for name in stores:
                (mount.path / name).mkdir()
                datadirs[name] = {
                    'filesystem_store_datadir': mount.path / name}
        return glance.GlanceApi(conf=datadirs)

    def share(self, *argv: str) -> openstack.Answer:
        return test_duplicates.duplicates(self.api, self.operator(), 'share',
                                          *argv)

    def done(self, *argv: str, code: int = 0) -> list[Row]:
        answer = self.share(*argv)
        self.assertEqual(code, answer.code, str(answer))
        rows: list[Row] = json.loads(answer.stdout)
        return rows

    def path(self, image_id: str, store: str = 's1') -> pathlib.Path:
        return self.api.stored_copy(image_id, store)

    def forge(self, image_id: str, other: str) -> None:
        """Glance says that its bytes are those of the other."""
        self.api.sql('update images set os_hash_value = (select '
                     f"os_hash_value from images where id = '{other}') "
                     f"where id = '{image_id}'")

    def test_shared(self) -> None:
        data = os.urandom(SIZE)
        found = [self.new_image(data) for _ in range(3)]
        other = self.new_image(os.urandom(SIZE))
        paths = [*map(self.path, found), self.path(other)]
        before, alone = seen(*paths), placed(paths[3])
        self.assertLessEqual(3 * SIZE, taken(*paths[:3]))
        # Nothing without a yes.
        rows = self.done('--dry-run')
        self.assertEqual(
            [(found[0], 'source'), (found[1], 'to share'),
             (found[2], 'to share')],
            [(row['Image'], row['Result']) for row in rows])
        answer = self.share()
        self.assertEqual(1, answer.code)
        self.assertIn('Nothing was shared: there is no terminal',
                      answer.stderr)
        self.assertRegex(answer.stderr, f'files of {SIZE} bytes, {2 * SIZE} '
                         'bytes to share:\n'
                         f'  image {found[0]} in store s1, whose blocks stay\n'
                         f'  image {found[1]} in store s1\n')
        self.assertLessEqual(3 * SIZE, taken(*paths[:3]))
        # With one.
        answer = self.share('--yes')
        self.assertEqual(
            [(found[0], 'source', 0), (found[1], 'shared', SIZE),
             (found[2], 'shared', SIZE)],
            [(row['Image'], row['Result'], row['Bytes'])
             for row in answer.json], str(answer))
        self.assertEqual(before, seen(*paths))
        self.assertEqual(placed(paths[0]), placed(paths[1]))
        self.assertEqual(placed(paths[0]), placed(paths[2]))
        self.assertEqual(alone, placed(paths[3]))
        self.assertGreater(SIZE + 4096, taken(*paths[:3]))
        self.assertRegex(answer.stderr, r'\b7340\d{4} bytes of the device '
                         'have come back')
        answer = self.share('--yes', '--group', '0' * 12)
        self.assertEqual(1, answer.code)
        self.assertIn('There is no group 000000000000.', answer.stderr)
        # A second time there is nothing to do.
        places = [*map(placed, paths)]
        answer = self.share('--yes')
        self.assertEqual((0, []), (answer.code, answer.json))
        self.assertIn('Nothing is to be shared.', answer.stderr)
        self.assertIn('1 groups of files share all', answer.stderr)
        self.assertEqual(places, [*map(placed, paths)])
        # One more, and a copy in another store of the same file system.
        late = self.new_image(data)
        self.rows('copy', late, '--to', 's2')
        rows = self.done('--yes', '--store', 's1')
        self.assertEqual([(late, SIZE)], [
            (row['Image'], row['Bytes']) for row in rows if row['Bytes']])
        rows = self.done('--yes')
        self.assertEqual([(late, 's2', SIZE)], [
            (row['Image'], row['Store'], row['Bytes'])
            for row in rows if row['Bytes']])
        self.assertEqual(data, self.path(late, 's2').read_bytes())
        # What is written afterwards is written to one alone.
        self.admin.delete(found[0])
        self.assertEqual(before[1:3], seen(*paths[1:3]))

    def test_forged_links_and_gone(self) -> None:
        data = os.urandom(3 * MIB)
        found = [self.new_image(data) for _ in range(2)]
        changed = bytearray(data)
        changed[-1] ^= 1
        forged = self.new_image(bytes(changed))
        self.forge(forged, found[0])
        paths = [*map(self.path, (*found, forged))]
        before, place = seen(*paths), placed(paths[2])
        more = [self.new_image(b'm' * MIB) for _ in range(2)]
        answer = self.share('--yes', '--limit', '1')
        self.assertIn('There are more than 1 groups: run this', answer.stderr)
        self.assertEqual(1, answer.code)
        # Those that are done do not count.
        rows = self.done('--yes', code=1)
        self.assertEqual(more, [row['Image'] for row in rows[-2:]])
        rows = answer.json
        self.assertEqual(['source', 'shared', 'differs'],
                         [row['Result'] for row in rows])
        self.assertEqual(0, rows[2]['Bytes'])
        self.assertIn(f'it is not as image {found[0]} in store s1',
                      rows[2]['Detail'])
        self.assertTrue(rows[2]['Detail'].startswith('GLC040: '))
        self.assertEqual(before, seen(*paths))
        self.assertEqual(place, placed(paths[2]))
        # Neither a link is followed, nor a pipe waited for.
        other = self.api.store_dir('s1') / 'other'
        os.rename(paths[1], other)
        paths[1].symlink_to(other)
        self.admin.delete(forged)
        more = [self.new_image(data) for _ in range(3)]
        self.path(more[0]).unlink()
        os.mkfifo(self.path(more[0]))
        self.path(more[1]).unlink()
        os.truncate(self.path(more[2]), 5000)
        rows = self.done('--yes')
        self.assertEqual(
            [(found[1], 'left', 'the copy is a link.'),
             (more[0], 'left', 'the copy is no regular file.'),
             (more[1], 'gone', 'the file is not there.'),
             (more[2], 'left', f'It has 5000 bytes, and the image '
              f'{3 * MIB}.')],
            [(row['Image'], row['Result'], row['Detail']) for row in rows])
        self.assertEqual(data, other.read_bytes())

    def test_cannot(self) -> None:
        """ext4 has no such thing, and that is said before it is asked."""
        data = os.urandom(MIB)
        found = [self.new_image(data) for _ in range(2)]
        for image_id in found:
            self.rows('copy', image_id, '--to', 's3')
        paths = [self.path(one, store) for one in found
                 for store in ('s1', 's3')]
        before = seen(*paths)
        answer = self.share('--yes', '--store', 's3')
        self.assertEqual((0, []), (answer.code, answer.json))
        self.assertIn('Store s3, 1 files: Its file system cannot share blocks '
                      'of equal files. XFS with reflink=1 and Btrfs can.',
                      answer.stderr)
        self.assertIn('Nothing is to be shared.', answer.stderr)
        self.assertEqual(before, seen(*paths))
        # It keeps nothing from the others.
        rows = self.done('--yes')
        self.assertEqual(
            {('s1', 'source'), ('s1', 'shared')},
            {(row['Store'], row['Result']) for row in rows})
        self.assertEqual(before, seen(*paths))


@dataclasses.dataclass
class Location:

    url: str
    store: str = 's1'


@dataclasses.dataclass
class Image:
    """What the database would say."""

    id: str
    size: int
    locations: list[Location]
    name: str = ''
    project: str = ''
    visibility: str = 'private'
    hidden: bool = False
    created: float = 0.0
    disk_format: str = 'raw'
    algorithm: str = 'sha512'
    digest: str = 'ab'
    attestation: str = ''
    server: str = ''


class Host:

    def __init__(self) -> None:
        self.images: dict[str, Image] = {}

    def some(self, ids: Sequence[str]) -> Mapping[str, members.Image]:
        return {one: self.images[one] for one in ids if one in self.images}


class FilesTest(base.FunctionalTestCase):
    """Without a Glance, so that things happen in between."""

    kind = 'xfs'

    def setUp(self) -> None:
        super().setUp()
        self.mount = self.useFixture(loopfs.LoopFs(
            loopfs.REFLINKS[self.kind], self.kind)).path
        self.store = inventory.FileInventory('s1', {
            'datadirs': [[str(self.mount), 0]]})
        self.addCleanup(self.store.close)
        self.host = Host()
        self.sharing = sharing.Sharing(self.host, {'s1': self.store})

    def put(self, data: bytes) -> pathlib.Path:
        image_id = str(uuid.uuid4())
        path = self.mount / image_id
        path.write_bytes(data)
        self.host.images[image_id] = Image(
            image_id, len(data), [Location(f'file://{path}')])
        return path

    def group(self) -> grouping.Group:
        found = [members.of(one) for one in self.host.images.values()]
        return grouping.Group('g', (grouping.Why.HASH,), tuple(
            one for one in found if one is not None))

    def plan(self) -> list[sharing.Set]:
        return list(self.sharing.plan([self.group()]))

    def results(self, one: sharing.Set) -> list[tuple[str, sharing.Result]]:
        return [(done.file.image_id, done.result)
                for done in self.sharing.share(one, lambda _bytes: None)]

    def test_changed_in_between(self) -> None:
        """What was planned is looked at again."""
        data = os.urandom(2 * MIB)
        paths = [self.put(data) for _ in range(6)]
        one, = self.plan()
        self.assertEqual(5 * len(data), one.left)
        # Deleted, deleted but for its file, a link by now, moved elsewhere.
        paths[0].unlink()
        del self.host.images[paths[0].name]
        del self.host.images[paths[1].name]
        paths[2].unlink()
        paths[2].symlink_to(paths[5])
        self.host.images[paths[3].name].locations = []
        before = seen(*paths[1:2], *paths[3:])
        result = sharing.Result
        self.assertEqual(
            {paths[0].name: result.GONE, paths[1].name: result.GONE,
             paths[2].name: result.LEFT, paths[3].name: result.GONE,
             paths[4].name: result.SOURCE, paths[5].name: result.SHARED},
            dict(self.results(one)))
        self.assertEqual(before, seen(*paths[1:2], *paths[3:]))
        self.assertEqual(placed(paths[4]), placed(paths[5]))
        self.assertNotEqual(placed(paths[4]), placed(paths[3]))
        self.assertEqual(len(data), self.sharing.freed)

    def test_differs_in_between(self) -> None:
        """What is the same before the difference may be shared; no more."""
        data = os.urandom(SIZE)
        paths = [self.put(data) for _ in range(3)]
        one, = self.plan()
        with paths[1].open('r+b') as stream:
            stream.seek(dedupe.MOST + 5)
            stream.write(bytes([data[dedupe.MOST + 5] ^ 1]))
        before = seen(*paths)
        done = list(self.sharing.share(one, lambda _bytes: None))
        self.assertEqual(['source', 'differs', 'shared'],
                         [each.result for each in done])
        self.assertEqual([0, dedupe.MOST, SIZE],
                         [each.bytes for each in done])
        self.assertTrue(done[1].failed)
        self.assertIn(f'from byte {dedupe.MOST} on', done[1].detail)
        self.assertEqual(before, seen(*paths))

    def test_killed(self) -> None:
        """Whatever was done is done, and the rest is done the next time."""
        data = os.urandom(SIZE)
        paths = [self.put(data) for _ in range(2)]
        before = seen(*paths)
        one, = self.plan()

        def die() -> None:
            for _done in self.sharing.share(
                    one, lambda _bytes: os.kill(os.getpid(),
                                                signal.SIGKILL)):
                pass
        process = multiprocessing.get_context('fork').Process(target=die)
        process.start()
        process.join()
        self.assertEqual(-signal.SIGKILL, process.exitcode)
        self.assertEqual(before, seen(*paths))
        again, = self.plan()
        self.assertEqual(SIZE - dedupe.MOST, again.left)
        self.assertEqual(['source', 'shared'],
                         [result for _id, result in self.results(again)])
        self.assertEqual(before, seen(*paths))
        self.assertEqual([], self.plan())
        self.assertEqual(1, self.sharing.already)

    def test_holes_and_names(self) -> None:
        """A hole takes nothing, and another name is no other file."""
        paths = [self.put(b'') for _ in range(3)]
        data = os.urandom(MIB)
        for number, path in enumerate(paths[:2]):
            with path.open('r+b') as stream:
                stream.truncate(64 * MIB)
                for at in (0, 40 * MIB):
                    stream.seek(at)
                    stream.write(data)
                if number:
                    stream.seek(20 * MIB)
                    stream.write(bytes(MIB))
        paths[2].unlink()
        os.link(paths[0], paths[2])
        for one in self.host.images.values():
            one.size = 64 * MIB
        one_, = self.plan()
        self.assertEqual((2, 3 * MIB), (len(one_.files), one_.left))
        before = paths[1].read_bytes()
        self.results(one_)
        self.assertEqual(before, paths[1].read_bytes())
        # The zeros that were written are a hole by now.
        self.assertEqual(2 * MIB, taken(*paths))
        self.assertEqual(3 * MIB, self.sharing.freed)

    def test_many(self) -> None:
        """More than one call takes, and more than are open at once."""
        data = os.urandom(8000)
        count = sharing._OPEN + dedupe.AT_ONCE + 5
        paths = [self.put(data) for _ in range(count)]
        plan = self.plan()
        self.assertEqual(2, len(plan))
        for one in plan:
            self.results(one)
        self.assertEqual(8192, taken(*paths))
        self.assertEqual({data}, {path.read_bytes() for path in paths})

    def test_another_user(self) -> None:
        """Who may not write a file may not make it share, either."""
        data = os.urandom(MIB)
        paths = [self.put(data) for _ in range(2)]
        os.chown(paths[0], 65534, 65534)
        for path in paths:
            path.chmod(0o644)

        def as_nobody() -> None:
            os.setegid(65534)
            os.seteuid(65534)
            plan = self.plan()
            detail = self.sharing.skipped[0].detail
            os._exit(0 if not plan and 'another user' in detail else 1)
        # Its directories are open: those above are not everybody's.
        process = multiprocessing.get_context('fork').Process(
            target=as_nobody)
        process.start()
        process.join()
        self.assertEqual(0, process.exitcode)
