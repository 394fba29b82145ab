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

"""No credential is told by a worker, nor by who hands imports to it."""

import json

import requests

from glance_lifecycle.tests.functional import canary_case
from glance_lifecycle.tests.functional.fixtures import barbican
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import keystone
from glance_lifecycle.tests.functional.fixtures import mariadb
from glance_lifecycle.tests.functional.fixtures import pki
from glance_lifecycle.tests.functional.fixtures import ports
from glance_lifecycle.tests.functional.fixtures import rabbitmq
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests import waiting

POLICY = """\
version: 1
rules:
  - name: golden
    match: {name: "golden-*"}
    place: {stores: [s1], later: [s2]}
    protect: {protected: true}
"""

WRONG = 'wrongsecret'


class WorkerSecretsTest(canary_case.CanaryTestCase):
    """Its database, its broker, its user, and the key it signs with."""

    canaries: tuple[str, ...] = (
        *canary_case.UNUSED_SECRETS, mariadb.PASSWORD, keystone.PASSWORD,
        rabbitmq.PASSWORD, WRONG)

    def setUp(self) -> None:
        super().setUp()
        self.identity = self.useFixture(keystone.Keystone())
        self.keys = self.useFixture(barbican.Barbican(self.identity))
        self.server = self.useFixture(mariadb.MariaDb())
        self.broker = self.useFixture(rabbitmq.RabbitMq())
        self.url = self.server.database()
        unused = dict(canary_case.UNUSED)
        self.api = self.new_api(
            identity=self.identity, database=self.server.database(), conf={
                **unused, **self.signing(),
                'DEFAULT': {**unused['DEFAULT'],
                            'transport_url': self.broker.url},
                'keystone_authtoken': {'password': keystone.PASSWORD},
                'lifecycle_transfer': {'run_in': 'worker', 'nice': 0},
                'lifecycle_worker': {'connection': self.url}})
        self.identity.register('image', self.api.url)
        self.user = self.api.keystone_user('demo')
        self.run_clean('glance-lifecycle-manage', 'db', 'sync')
        self.port = self.useFixture(ports.Port()).number
        self.daemon = self.useFixture(worker.Worker(
            self.api, POLICY, connection=self.url, notifications=True,
            metrics_port=self.port, brake_percent=0))

    def signing(self) -> dict[str, dict[str, object]]:
        """The service's key is in Barbican, readable to it alone."""
        service = pki.signer(self.work, 'service', bits=3072)
        pem = service.key_path.read_text()
        self.canaries += (pem.splitlines()[1], pem.splitlines()[-2])
        return {
            'key_manager': {
                'backend': 'barbican', 'auth_type': 'keystone_password',
                'auth_url': self.identity.auth_url, 'username': 'glance',
                'password': keystone.PASSWORD, 'project_name': 'service',
                'user_domain_name': 'Default',
                'project_domain_name': 'Default'},
            'barbican': {'auth_endpoint': self.identity.auth_url},
            'lifecycle_signing': {
                'on_convert': 'resign',
                'signing_key': self.keys.store(
                    'glance', pem.encode(), 'private'),
                'signing_certificate_id': self.keys.store(
                    'glance', service.pem)}}

    def test_all(self) -> None:
        image_id = self.imported()
        self.daemon.wait_for_job(image_id, 'copy')
        self.assert_nothing_told(image_id)
        # What is asked for fails, each with its own words.
        self.broker.stop()
        self.wait_logged('is unreachable')
        self.server.kill9()
        self.wait_logged('is tried again for')
        self.server.start()
        self.broker.start()
        self.daemon.configure(
            password=WRONG, notification_transport_url=(
                self.broker.url.replace(rabbitmq.PASSWORD, WRONG)))
        self.daemon.terminate()
        self.daemon.start()
        self.wait_logged('ACCESS_REFUSED')
        self.wait_logged('(Unauthorized)')
        self.assert_nothing_told(image_id)
        self.check(image_id, 'active')
        self.check_recovery()

    def imported(self) -> str:
        """An import whose transfer stands still, and is looked at."""
        source = self.work / 'a.qcow2'
        images.convert(self.noise(32 * images.MIB), 'raw', source, 'qcow2')
        builder = pki.signer(self.work, 'builder')
        image_id = self.staged(
            self.user, source, name='golden-1', **pki.properties(
                builder.sign(source), self.keys.store('demo', builder.pem)))
        self.user.import_image(image_id, stores=['s1'])
        child = transfer.find_below(self.daemon.pid)
        with transfer.frozen(child):
            self.assert_clean('process', self.process_text(
                child, self.daemon.pid, self.daemon.child))
            self.assert_clean('journal', self.journal_text())
        image = self.check(image_id, 'active')
        self.assertIn('lifecycle_attestation', image)
        return image_id

    def assert_nothing_told(self, image_id: str) -> None:
        """In what it logs, answers, and keeps."""
        log = self.daemon.log_text()
        self.assertIn('DEBUG', log)
        self.assert_clean('log', log)
        self.assert_clean('history', '\n'.join(
            [*self.daemon.story(image_id),
             json.dumps(self.daemon.proofs(image_id))]))
        for page in ('metrics', 'healthz', 'readyz'):
            self.assert_clean(page, requests.get(
                f'http://127.0.0.1:{self.port}/{page}',
                timeout=waiting.BOUND).text)
        found = self.server.connect(self.url)
        for (table,) in found.exec_driver_sql('show tables').all():
            rows = found.exec_driver_sql(f'select * from {table}').all()
            self.assert_clean(table, str(rows))
        for words in (('glance-lifecycle-status', 'upgrade', 'check'),
                      ('glance-lifecycle-manage', 'recover')):
            self.run_clean(*words)

    def run_clean(self, *words: str) -> None:
        result = self.api.run(*words)
        self.assert_clean(' '.join(words), result.stdout + result.stderr)

    def wait_logged(self, text: str) -> None:
        waiting.until('the worker says: ' + text,
                      lambda: text in self.daemon.log_text())
