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


"""Images that a worker has hosts of Nova fetch before the first server."""

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import keystone
from glance_lifecycle.tests.functional.fixtures import nova_cinder
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests.functional import store_case
from glance_lifecycle.tests import waiting

POLICY = """\
version: 1
rules:
  - name: golden
    match: {name: "golden-*"}
    cache: {prefetch: [nova], aggregates: [local-disk, "2"], keep: %s}
"""


class PrefetchNovaTest(store_case.StoreCase):

    def setUp(self) -> None:
        self.identity = self.useFixture(keystone.Keystone())
        self.nova = self.useFixture(
            nova_cinder.NovaAndCinder(self.identity))
        for name in ('local-disk', 'ssd', 'others'):
            self.nova.add_aggregate(name, f'host-{name}')
        self.api = self.useFixture(glance.GlanceApi(identity=self.identity))
        self.identity.register('image', self.api.url)
        super().setUp()
        self.admin = self.api.keystone_user('admin')

    def daemon(self, policy: str = POLICY % 'false') -> worker.Worker:
        return self.useFixture(worker.Worker(self.api, policy))

    def image(self, name: str = 'golden-1') -> str:
        created = self.admin.create_image(name, disk_format='raw')
        self.admin.upload(created['id'], b'bytes')
        return str(created['id'])

    def look_at_all(self, daemon: worker.Worker) -> None:
        """As once a day: with a policy that says the same."""
        waiting.until('all were looked at', lambda: daemon.sweeps()[0])
        before = daemon.sweeps()[0]
        daemon.set_policy(daemon.policy_file.read_text() + '# Changed.\n')
        waiting.until('all are looked at', lambda: (
            daemon.sweeps()[0]['policy'] != before['policy']))

    def test_asked(self) -> None:
        """Once for each aggregate, by its name or its id."""
        for keep in ('false', 'true'):
            with self.subTest(keep):
                self.nova.fetched.clear()
                daemon = self.daemon(POLICY % keep)
                daemon.set_policy(POLICY % keep)
                golden, other = self.image(), self.image('other')
                daemon.wait_for_job(golden, 'prefetch')
                self.look_at_all(daemon)
                self.assertEqual([(1, golden), (2, golden)],
                                 sorted(self.nova.fetched))
                self.assertEqual({}, daemon.states(other))
                self.assertIn('Fetch it into the cache of the hosts of '
                              'aggregate 2, the hosts of aggregate '
                              'local-disk', str(daemon.story(golden)))
                daemon.terminate()

    def test_away(self) -> None:
        """Looks go on, and it is asked once it is there again."""
        self.nova.down = True
        daemon = self.daemon()
        golden = self.image()
        waiting.until('a look has met it', lambda: (
            'Nothing is fetched by hosts of Nova' in daemon.log_text()))
        self.assertEqual({}, daemon.states(golden))
        self.nova.down = False
        self.look_at_all(daemon)
        daemon.wait_for_job(golden, 'prefetch')
        self.assertIn((1, golden), self.nova.fetched)

    def test_killed(self) -> None:
        """After the request, before the record: asked again."""
        daemon = self.daemon()

        def kill() -> None:
            self.nova.hook = lambda: None
            daemon.kill()
        self.nova.hook = kill
        golden = self.image()
        waiting.until('it is killed', lambda: not daemon.running)
        self.assertEqual(1, len(self.nova.fetched))
        daemon.start()
        daemon.wait_for_job(golden, 'prefetch')
        self.assertEqual({(1, golden), (2, golden)}, set(self.nova.fetched))

    def test_old(self) -> None:
        """A Nova of before 2.81 is told of, and nothing else is stopped."""
        self.nova.microversion = 79
        daemon = self.daemon()
        golden = self.image()
        waiting.until('it is told', lambda: (
            'Version 2.81 is not supported' in daemon.log_text()))
        self.assertEqual({}, daemon.states(golden))

    def test_not_there(self) -> None:
        """An aggregate that nobody has stops no other."""
        del self.nova.aggregates[0]
        daemon = self.daemon()
        golden = self.image()
        daemon.wait_for_job(golden, 'prefetch')
        self.assertEqual([(2, golden)], self.nova.fetched)
