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

"""kill -9 of the worker at each point of each kind of action.

Where the points are, a job tells that nobody disturbs: see ``stopping``. Then
there is an image for each of them, whose job stops there; once all stand, the
worker is killed and started again.
"""

from collections.abc import Callable
import dataclasses
import hashlib
import pathlib
from typing import Any
import unittest

from glance_lifecycle.tests.functional.fixtures import details
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import keystone
from glance_lifecycle.tests.functional.fixtures import nova_cinder
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional import store_case
from glance_lifecycle.tests.functional.worker import stopped_worker
from glance_lifecycle.tests.functional.worker import test_migrate_killed
from glance_lifecycle.tests.functional.worker import test_sign
from glance_lifecycle.tests import waiting
from glance_lifecycle.worker import action as actions

_DATA = b'bytes' * 1000
_NOTHING = 'version: 1\nrules: []\n'
_RULES = """\
version: 1
rules:
  - name: all
    match: {name: "killed-*"}
    %s
"""


@dataclasses.dataclass(frozen=True)
class Row:
    """A kind of action.

    :ivar purpose: of its jobs, where that is not just the kind
    :ivar policy: which an image needs it of
    :ivar stores: where a new image is
    :ivar writes: the requests that change something, as Glance's own log has
        them; each is answered well once, wherever the worker was killed
    :ivar asks: whether dependents are asked
    :ivar spoil: what is done to a new image before
    :ivar options: of the worker
    """

    policy: str
    purpose: str = ''
    stores: tuple[str, ...] = ('s1',)
    writes: tuple[str, ...] = ()
    asks: bool = False
    spoil: Callable[[glance.GlanceApi, str], None] | None = None
    options: dict[str, Any] = dataclasses.field(default_factory=dict)


def _flip(api: glance.GlanceApi, image_id: str) -> None:
    """Its copy in s2 is as long as it was."""
    path = api.stored_copy(image_id, 's2')
    path.write_bytes(b'X' + path.read_bytes()[1:])


ROWS = {
    actions.UPDATE: Row(_RULES % 'protect: {protected: true}',
                        writes=('PATCH /v2/images/IMAGE',)),
    actions.COPY: Row(_RULES % 'place: {stores: [s1, s2]}'),
    actions.DROP: Row(_RULES % 'place: {stores: [s1], copies: exact, '
                      'combine: policy-only}', purpose='drop:s2',
                      stores=('s1', 's2'),
                      writes=('DELETE /v2/stores/s2/IMAGE',)),
    actions.PREFETCH: Row(_RULES % 'cache: {prefetch: [glance]}',
                          writes=('PUT /v2/cache/IMAGE',)),
    actions.HIDE: Row(_RULES % 'retain: {hide_after: 0 seconds}', asks=True,
                      writes=('PATCH /v2/images/IMAGE',)),
    actions.DEACTIVATE: Row(
        _RULES % 'retain: {deactivate_after: 0 seconds}', asks=True,
        writes=('POST /v2/images/IMAGE/actions/deactivate',)),
    actions.DELETE: Row(
        _RULES % 'retain: {delete_after: 0 seconds, only_unused: true}',
        writes=('DELETE /v2/images/IMAGE',), asks=True),
    actions.SCRUB: Row(_NOTHING, stores=('s1', 's2'), spoil=_flip,
                       writes=('DELETE /v2/stores/s2/IMAGE',),
                       options={'scrub_after': 1, 'repair': True}),
}


# Kinds that need more than there is here -> where they are killed.
ELSEWHERE = {
    actions.SIGN: test_sign.SignTest.test_killed,
    actions.MIGRATE: test_migrate_killed.MigrateKilledTest.test_there_and_back,
    actions.MIGRATE_DROP:
        test_migrate_killed.MigrateKilledTest.test_there_and_back}


class Images:
    """An image for each point.

    :ivar of: point -> the one that is to stop there
    :ivar all: also those that did not come to their points
    """

    def __init__(self, points: list[str], make: Callable[[], str]) -> None:
        self._make = make
        self.of: dict[str, str] = {}
        self.all: list[tuple[str, str]] = []
        for point in points:
            self.make(point)

    def make(self, point: str) -> None:
        self.of[point] = self._make()
        self.all.append((point, self.of[point]))


class KillEverywhereTest(store_case.StoreCase):

    identity: keystone.Keystone
    cloud: nova_cinder.NovaAndCinder

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.identity = keystone.Keystone()
        cls.cloud = nova_cinder.NovaAndCinder(cls.identity)
        cls.api = glance.GlanceApi(identity=cls.identity, autostart=False)
        for each in (cls.identity, cls.cloud, cls.api):
            each.setUp()
            cls.addClassCleanup(each.cleanUp)
        cls.api.configure(DEFAULT={
            'image_cache_dir': cls.api.base / 'cache',
            'image_cache_driver': 'sqlite'})
        cls.api.start()
        cls.identity.register('image', cls.api.url)

    def setUp(self) -> None:
        super().setUp()
        self.admin = self.api.keystone_user('admin')
        # Each kind has a worker with a memory and a policy of its own.
        for name in ('lifecycle/worker.db', 'etc/lifecycle-policy.yaml'):
            (self.api.base / name).unlink(missing_ok=True)
        self.addCleanup(self.clear)
        start = len(self.api.log_text())
        self.addDetail('glance-api.log', details.log(
            lambda: self.api.log_text()[start:]))

    def clear(self) -> None:
        """The next kind finds none of these images."""
        for image in self.admin.list_images(limit='1000'):
            if image['protected']:
                self.admin.update(image['id'], protected=False)
            self.admin.delete(image['id'])
        for hidden in self.admin.list_images(limit='1000', os_hidden='true'):
            self.admin.delete(hidden['id'])
        for path in (self.api.state_dir / 'verified').rglob('*'):
            if path.is_file():
                path.unlink()

    def image(self, row: Row) -> str:
        created = self.admin.create_image('killed-1', disk_format='raw')
        image_id = str(created['id'])
        self.admin.stage(image_id, _DATA)
        self.admin.import_image(image_id, stores=row.stores)
        self.admin.wait_import(image_id)
        if row.spoil is not None:
            row.spoil(self.api, image_id)
        return image_id

    def state(self, image_id: str) -> dict[str, Any]:
        """All that can be seen of it, but what no two images share."""
        image = (self.admin.get(image_id) if self.admin.exists(image_id)
                 else {})
        shown = {name: str(value).replace(image_id, 'IMAGE')
                 for name, value in image.items()
                 if name not in ('created_at', 'updated_at')}
        if 'stores' in shown:
            shown['stores'] = ','.join(sorted(shown['stores'].split(',')))
        return {**shown, 'copies': {
            store: hashlib.sha256(path.read_bytes()).hexdigest()
            for store, path in self.copies(image_id).items()}}

    def copies(self, image_id: str) -> dict[str, pathlib.Path]:
        found = {store: self.api.stored_copy(image_id, store)
                 for store in self.api.stores}
        return {store: path for store, path in found.items()
                if path.exists()}

    def written(self, image_id: str) -> dict[str, tuple[int, int]]:
        """Store -> which file its good, registered copy is, and of when.

        A file that is written anew in place is of another time, one that
        takes its place is another file.
        """
        registered = (self.stores_of(image_id)
                      if self.admin.exists(image_id) else [])
        return {store: (path.stat().st_ino, path.stat().st_mtime_ns)
                for store, path in self.copies(image_id).items()
                if store in registered
                and path.read_bytes() == _DATA}

    def check(self, kind: str) -> None:
        row = ROWS[kind]
        undisturbed = self.image(row)
        daemon = self.useFixture(stopped_worker.StoppedWorker(
            self.api, row.policy, brake_images=0, brake_percent=0, jobs=16,
            attempts=100, **row.options))
        daemon.wait_for_job(undisturbed, row.purpose or kind)
        daemon.terminate()
        wanted, points = self.seen(daemon, undisturbed), daemon.points(
            undisturbed)
        self.assert_boundaries(kind, points)
        images = Images(points, lambda: self.image(row))
        written = self.kill(daemon, row, images)
        for _point, image_id in images.all:
            daemon.wait_for_job(image_id, row.purpose or kind)
        daemon.wait_for_sweep()
        daemon.terminate()
        for point, image_id in images.all:
            self.assertEqual(wanted, self.seen(daemon, image_id), point)
            before, after = written.get(image_id, {}), self.written(image_id)
            for store in before.keys() & after.keys():
                self.assertEqual(before[store], after[store],
                                 f'{point}: written twice to {store}')
        self.assertEqual([], self.api.leftovers(
            undisturbed, *(image_id for _point, image_id in images.all)))

    def kill(self, daemon: stopped_worker.StoppedWorker, row: Row,
             images: Images) -> dict[str, dict[str, tuple[int, int]]]:
        """Until a job was killed at each of the points.

        Not all at once: one that stopped may hold a lock that others wait
        for. They are killed where they are, and if then a job does not come
        to its point any more, another image's has to.

        :returns: image -> the files of its registered copies then
        """
        written: dict[str, dict[str, tuple[int, int]]] = {}

        def new() -> list[str]:
            return [one for one in images.of.values()
                    if one not in written and daemon.stopped(one)]

        def missed() -> list[str]:
            return [point for point, one in images.of.items()
                    if not daemon.stopped(one) and 'done' in
                    daemon.states(one).values()]
        while len(written) < len(images.of):
            for point in missed():
                images.make(point)
            for point, image_id in images.of.items():
                if image_id not in written:
                    daemon.stop_at(image_id, point)
            # All images are looked at, not only those that have changed.
            daemon.set_policy(f'{row.policy}# {len(images.all)}\n')
            daemon.start()
            waiting.until('another stops or is done',
                          lambda: new() or missed())
            waiting.settled(new)
            daemon.kill()
            written |= {one: self.written(one) for one in new()}
        daemon.start()
        return written

    def assert_boundaries(self, kind: str, points: list[str]) -> None:
        """The undisturbed job came to all that each job comes to."""
        row = ROWS[kind]
        act = [point for point in points if 'lifecycle-' in point]
        self.assertEqual(
            [f'{task} {when} #1' for task in (
                *(['lifecycle-ask-dependents', 'lifecycle-look-again']
                  if row.asks else []),
                f'lifecycle-{kind}')
             for when in ('begins', 'has ended')], act)
        self.assertEqual(
            ['claimed #1', act[0]], points[:2], 'before the first task')
        self.assertEqual([act[-1], 'looked at #1'], points[-4:-2])
        self.assertEqual('closed #1', points[-1])
        self.assertGreater(points.index(act[-1]) - points.index(act[-2]), 1,
                           'inside the act')

    def seen(self, daemon: worker.Worker, image_id: str) -> dict[str, Any]:
        """All that is to be as with the image that nobody disturbed."""
        story = [line.partition(':')[0] for line in daemon.story(image_id)
                 if not line.startswith(('taken back', 'recovered'))]
        # A copy that was replaced is read again later, as is any new one.
        if 'scrub_after' in daemon.options:
            story = list(dict.fromkeys(story))
        return {**self.state(image_id), 'writes': stopped_worker.writes(
            self.api, image_id),
                'jobs': daemon.states(image_id), 'story': story}

    def test_kinds(self) -> None:
        """Whoever adds a kind of action adds its row, and its test."""
        self.assertEqual(set(actions.KINDS), {*ROWS, *ELSEWHERE})
        self.assertEqual({f'test_{kind}' for kind in ROWS} - set(
            unittest.TestLoader().getTestCaseNames(type(self))), set())

    def test_update(self) -> None:
        self.check(actions.UPDATE)

    def test_copy(self) -> None:
        self.check(actions.COPY)

    def test_drop(self) -> None:
        self.check(actions.DROP)

    def test_prefetch(self) -> None:
        self.check(actions.PREFETCH)

    def test_hide(self) -> None:
        self.check(actions.HIDE)

    def test_deactivate(self) -> None:
        self.check(actions.DEACTIVATE)

    def test_delete(self) -> None:
        self.check(actions.DELETE)

    def test_scrub(self) -> None:
        self.check(actions.SCRUB)
