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

"""The cloud that tempest is run against, of the fixtures of our tests.

Keystone, MariaDB and Glance, on two hosts; and, once it has become ours, the
plugin, as the DevStack plugin of this repository configures it, and a worker.
"""

import os
import pathlib
import shutil
import sys

import fixtures

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import keystone
from glance_lifecycle.tests.functional.fixtures import mariadb
from glance_lifecycle.tests.functional.fixtures import pki
from glance_lifecycle.tests.functional.fixtures import ports
from glance_lifecycle.tests.functional.fixtures import process
from glance_lifecycle.tests.functional.fixtures import web
from glance_lifecycle.tests.functional.fixtures import worker
from glance_lifecycle.tests import waiting

# Their names are those that tempest's own tests wait for.
STORES = ('fast', 'slow')

# The service whose endpoint is the other glance-api, as DevStack has it.
REMOTE = 'image_remote'

# Ids of certificates in the key manager.
SERVICE = 'image-service'
USER = 'tempest'

_TOP = pathlib.Path(__file__).parents[3]
_POLICY = _TOP / 'devstack/files/lifecycle-policy.yaml'
_PROTECTION = _TOP / 'etc/glance/policy-lifecycle-protection.yaml'
_PROPERTIES = _TOP / 'etc/glance/property-protections-lifecycle.conf'


class Cloud(fixtures.Fixture):
    """Stock Glance, until it is told to become ours.

    :ivar keys: directory of the private keys
    :ivar web: serves ``image.raw`` and ``image.qcow2``
    """

    keys: pathlib.Path

    def _setUp(self) -> None:
        self.identity = self.useFixture(keystone.Keystone())
        self._mariadb = self.useFixture(mariadb.MariaDb())
        base = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.web = self.useFixture(web.WebServer(base / 'web'))
        self.web.directory.mkdir()
        for disk_format in ('raw', 'qcow2'):
            images.make(self.web.directory / f'image.{disk_format}',
                        disk_format, size=8 * images.MIB)
        self.keys = base / 'keys'
        self._certificates = base / 'certificates'
        for directory in (self.keys, self._certificates):
            directory.mkdir()
        self.metrics_port = self.useFixture(ports.Port()).number
        database = self._mariadb.database()
        self.glance = self.useFixture(glance.GlanceApi(
            stores=dict.fromkeys(STORES, 'file'), identity=self.identity,
            database=database))
        # It shares what the first has but the staging: tempest stages at one
        # of them, and imports and deletes at the other.
        self.remote = self.useFixture(glance.GlanceApi(
            stores=self.glance.stores, identity=self.identity,
            database=database, conf={
                name: {'filesystem_store_datadir': self.glance.store_dir(name)}
                for name in STORES}))
        self._apis = (self.glance, self.remote)
        # As DevStack does; tempest looks for them.
        self._must_run('glance-manage', 'db_load_metadefs', str(
            pathlib.Path(sys.prefix, 'etc/glance/metadefs')))
        self.identity.register('image', self.glance.url)
        self.identity.register(REMOTE, self.remote.url)

    def become_ours(self) -> None:
        """The same Glance, with its images, and our plugin; and a worker.

        :raises ServerFailed: something does not start; the text tells why
        """
        etc = self.glance.etc
        policy = _POLICY.read_text().replace('@STORES@', ', '.join(STORES))
        (etc / 'policy.d').mkdir()
        shutil.copy(_PROTECTION, etc / 'policy.d')
        for name in (SERVICE, USER):
            signer = pki.signer(self.keys, name, bits=3072)
            (self._certificates / f'{name}.pem').write_bytes(signer.pem)
        connection = self._mariadb.database()
        for api in self._apis:
            api.plugins = ['lifecycle']
            api.configure(
                DEFAULT={'property_protection_file': _PROPERTIES,
                         'property_protection_rule_format': 'roles'},
                oslo_policy={'policy_dirs': etc / 'policy.d'},
                lifecycle={'policy_file': etc / 'lifecycle-policy.yaml'},
                lifecycle_signing={
                    'on_convert': 'resign',
                    'signing_key': self.keys / f'{SERVICE}.key',
                    'signing_certificate_id': SERVICE},
                key_manager={'backend': 'lifecycle_file'},
                lifecycle_file_key_manager={'directory': self._certificates},
                lifecycle_protection={'providers': 'null'},
                lifecycle_worker={'connection': connection})
        self._must_run('glance-lifecycle-manage', 'db', 'sync')
        self.worker = self.useFixture(worker.Worker(
            self.glance, policy, connection=connection,
            metrics_port=self.metrics_port))
        self._restart()

    def offload(self) -> None:
        """From now on the worker runs the imports."""
        for api in self._apis:
            api.configure(lifecycle_transfer={'run_in': 'worker'})
        self._restart()

    def _restart(self) -> None:
        for api in self._apis:
            api.restart()

    def leftovers(self) -> set[str]:
        """What lies in stores, in staging and in our state, by its path.

        An image that is deleted while the worker writes it is gone a moment
        later.
        """
        return set(waiting.settled(lambda: [
            os.path.normpath(api.base / path) for api in self._apis
            for path in api.leftovers()]))

    def _must_run(self, *argv: str) -> None:
        done = self.glance.run(*argv)
        if done.returncode:
            raise process.ServerFailed(
                f'{" ".join(argv)} exited with {done.returncode}\n'
                f'{done.stdout[-1000:]}{done.stderr[-3000:]}')

    def save_logs(self, directory: pathlib.Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        for prefix, api in (('', self.glance), ('remote-', self.remote)):
            for path in (api.base / 'log').iterdir():
                shutil.copy(path, directory / (prefix + path.name))
        shutil.copy(self.identity.log, directory)
