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

"""A day in the life of two workers: what goes wrong, and what they do."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import datetime
import json
import os
import pathlib
import signal
from typing import Any

import fixtures

from glance_lifecycle.audit import drift
from glance_lifecycle.policy import decision
from glance_lifecycle.policy import document
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests import waiting

POLICY = """\
version: 1
rules:
  - name: golden
    match: {project: platform, name: "golden-*"}
    place: {stores: [s1, s2], later: [s3]}
    protect: {protected: true}
  - name: old
    match: {tags: old}
    retain: {hide_after: 0 seconds, deactivate_after: 0 seconds,
             only_unused: false}
"""
CHANGED = POLICY.replace('    protect: {protected: true}\n', """\
    protect: {protected: true}
    metadata: {set_tags: [golden]}
""")

Say = Callable[[str, str], None]


class Day(fixtures.Fixture):
    """The cloud and its two workers; ``run()`` is the day.

    :param say: is told what happens, and what comes of it
    :param broker: a URL where Glance tells of changes; None: sweeps alone
    """

    def __init__(self, say: Say, broker: str | None = None) -> None:
        super().__init__()
        self._say = say
        self._broker = broker

    def _setUp(self) -> None:
        self._told: dict[str, Any] = {} if self._broker is None else {
            'oslo_messaging_notifications': {
                'driver': 'messagingv2', 'transport_url': self._broker}}
        self.api = self.useFixture(glance.GlanceApi(
            plugins=['lifecycle'], conf=self._told))
        self.owner = self.api.user('owner', 'platform')
        self.tenant = self.api.user('tenant', 'demo')
        self.work = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.workers = [self.useFixture(worker.Worker(
            self.api, POLICY, brake_percent=0, repair=True, scrub_after=30,
            claim_expiry=3, notifications=self._broker is not None))
            for _number in range(2)]

    def run(self) -> list[str]:
        """All of it; the ids of the images that have a history."""
        self._say('start', 'a Glance with three stores, and two workers')
        golden = self.imported('golden-1')
        self._golden(golden)
        self._tenant()
        self._tampering(golden)
        later = self._store_away()
        self._bit_flipped(golden)
        killed = self._worker_killed()
        again = self._api_killed()
        self._policy_changed([golden, later, killed, again])
        old = self._retired()
        waiting.until('nothing is left to do', lambda: not self.drift())
        # What a job wanted can be seen before the job is said to be done.
        waiting.until('all jobs are done', lambda: set(
            self.workers[0].states().values()) == {'done'})
        self._say('end', 'no image differs from its policy')
        return [golden, later, killed, again, old]

    def drift(self) -> list[drift.Drifted]:
        """Where images are not as they should be."""
        policy = decision.Policy(document.load(
            self.workers[0].policy_file.read_bytes()), decision.Defaults())

        def get(path: str, query: Any) -> Any:
            return self.api.admin().request(
                'GET', path.lstrip('/'), params=dict(query)).json()
        return list(drift.drifted(drift.catalogue(
            get, visibility='all'), policy))

    def imported(self, name: str, **fields: Any) -> str:
        image_id = self._staged(name, **fields)
        self.owner.import_image(image_id, stores=['s1'])
        self.owner.wait_import(image_id)
        return image_id

    def _staged(self, name: str, size: int = 8 * images.MIB,
                **fields: Any) -> str:
        created = self.owner.create_image(name, disk_format='raw', **fields)
        path = self.work / name
        path.write_bytes(os.urandom(size))
        self.owner.stage(created['id'], path)
        path.unlink()
        return str(created['id'])

    def wait_for(self, what: str, image_id: str, **wanted: Any) -> None:
        """Until the image has these attributes; stores as a list."""
        admin = self.api.admin()

        def there() -> bool:
            image = admin.get(image_id)
            image['stores'] = sorted(image.get('stores', '').split(','))
            return all(image.get(name) == value
                       for name, value in wanted.items())
        waiting.until(what, there, interval=0.1)

    # The day.

    def _golden(self, image_id: str) -> None:
        self._say('import', 'golden-1 is imported into store s1 only')
        self.wait_for('golden-1 is as its policy wants it', image_id,
                      stores=['s1', 's2', 's3'], protected=True)
        self._say('', 'the workers protect it and copy it to s2 and s3')

    def _tenant(self) -> None:
        created = self.tenant.create_image('mine', disk_format='raw')
        self.tenant.upload(created['id'], b'bytes' * 1000)
        self._say('import', "a tenant's image, which no rule is about")

    def _tampering(self, image_id: str) -> None:
        self.owner.update(image_id, protected=False)
        self._say('tampering', 'its owner un-protects golden-1')
        self.wait_for('golden-1 is protected again', image_id, protected=True)
        self._say('', 'it is protected again')

    def _store_away(self) -> str:
        place, aside = self.api.store_dir('s2'), self.work / 's2'
        place.rename(aside)
        place.touch()
        self._say('store away', 's2 is gone, and golden-2 is imported')
        image_id = self.imported('golden-2')
        self.wait_for('golden-2 is protected', image_id, protected=True)
        waiting.until('the copy has failed', lambda: (
            self.workers[0].story(image_id)
            and 'put back' in str(self.workers[0].story(image_id))))
        place.unlink()
        aside.rename(place)
        self._say('', 's2 is back')
        self.wait_for('golden-2 is where it should be', image_id,
                      stores=['s1', 's2', 's3'])
        self._say('', 'golden-2 is copied there')
        return image_id

    def _bit_flipped(self, image_id: str) -> None:
        copy = self.api.stored_copy(image_id, 's2')
        good = images.digests(copy)
        with copy.open('r+b') as stream:
            stream.seek(images.MIB)
            byte = stream.read(1)
            stream.seek(images.MIB)
            stream.write(bytes([byte[0] ^ 1]))
        self._say('bit rot', 'one bit flips in the copy of golden-1 in s2')
        self._month_later()
        self._look_at_all()
        waiting.until('the copy is whole again', lambda: (
            copy.exists() and images.digests(copy) == good))
        self.workers[0].wait_for_job(image_id, 'scrub')
        self._say('', 'a month later it is read back, and replaced')

    def _month_later(self) -> None:
        when = datetime.datetime.now(datetime.UTC) - datetime.timedelta(40)
        for path in (self.api.state_dir / 'verified').rglob('*'):
            if path.is_file():
                path.write_text(json.dumps({
                    **json.loads(path.read_text()),
                    'when': when.strftime('%Y-%m-%dT%H:%M:%SZ')}))

    def _look_at_all(self) -> None:
        """As it happens each day, or when the policy has changed."""
        daemon = self.workers[0]
        daemon.set_policy(daemon.policy_file.read_text() + '# Looked at.\n')

    def _worker_killed(self) -> str:
        with self._slow() as found:
            image_id = self.imported('golden-3')
            waiting.until('a copy runs', lambda: found() is not None)
            daemon = found()
            assert daemon is not None  # noqa: S101 - for mypy
            daemon.kill()
        self._say('worker killed', 'kill -9 of the worker that copies '
                  'golden-3')
        self.wait_for('golden-3 is where it should be', image_id,
                      stores=['s1', 's2', 's3'], protected=True)
        self._say('', 'the other one takes over')
        daemon.start()
        return image_id

    @contextlib.contextmanager
    def _slow(self) -> Iterator[Callable[[], worker.Worker | None]]:
        """Stop the first copy that begins; yields whose it is."""
        stopped: list[int] = []

        def found() -> worker.Worker | None:
            for daemon in self.workers:
                pid = transfer.look_below(daemon.pid)
                if pid is not None:
                    os.kill(pid, signal.SIGSTOP)
                    stopped.append(pid)
                    return daemon
            return None
        try:
            yield found
        finally:
            for pid in stopped:
                transfer.resume(pid)

    def _api_killed(self) -> str:
        image_id = self._staged('golden-4', 64 * images.MIB)
        self.owner.import_image(image_id, stores=['s1'])
        transfer.find(self.api)
        self.api.kill9()
        self._say('API killed', 'kill -9 of glance-api while it imports '
                  'golden-4')
        self.api.start()
        self.wait_for('golden-4 can be imported again', image_id,
                      status='uploading', os_glance_import_task=None)
        self._say('', 'a worker undoes the half of it, and its owner imports '
                  'it again')
        self.owner.import_image(image_id, stores=['s1'])
        self.wait_for('golden-4 is where it should be', image_id,
                      stores=['s1', 's2', 's3'], protected=True)
        return image_id

    def _policy_changed(self, golden: list[str]) -> None:
        self.workers[0].set_policy(CHANGED)
        self._say('policy', 'it wants the tag "golden" now')
        for image_id in golden:
            self.wait_for('it has the tag', image_id, tags=['golden'])
        self._say('', '%d images get it, and no other' % len(golden))

    def _retired(self) -> str:
        created = self.owner.create_image('ancient', disk_format='raw',
                                          tags=['old'])
        self.owner.upload(created['id'], b'bytes' * 1000)
        self._say('retention', 'an image is old')
        self.wait_for('it is retired', created['id'], os_hidden=True,
                      status='deactivated')
        self._say('', 'it is hidden and deactivated')
        return str(created['id'])
