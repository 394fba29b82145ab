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

"""A Glance whose images are signed by a user, and anew by the service.

The certificates are in a directory, as ``backend = lifecycle_file`` wants it.
"""

import pathlib

from castellan import key_manager
from cursive import signature_utils
import fixtures
from oslo_config import cfg
from oslo_config import fixture as config_fixture

from glance_lifecycle.conf import file_key_manager
from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import pki
from glance_lifecycle.tests.functional import plugin_case

USER = '11111111-2222-3333-4444-555555555555'
SERVICE = '99999999-2222-3333-4444-555555555555'
SIZE = 8 * images.MIB


class SigningTestCase(plugin_case.PluginTestCase):
    """A user and the service with keys, and one glance-api for the class."""

    mode = 'auto'
    signing: dict[str, object] = {'on_convert': 'resign'}
    conf: dict[str, dict[str, object]] = {}
    api: glance.GlanceApi
    certificates: pathlib.Path
    builder: pki.Signer
    service: pki.Signer
    source: pathlib.Path
    expected: images.Reference

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        shared = fixtures.TempDir()
        cls.addClassCleanup(shared.cleanUp)
        shared.setUp()
        private = pathlib.Path(shared.path)
        cls.certificates = private / 'certificates'
        cls.certificates.mkdir()
        cls.builder = pki.signer(private, 'builder')
        cls.service = pki.signer(private, 'service', bits=3072)
        for name, signer in ((USER, cls.builder), (SERVICE, cls.service)):
            (cls.certificates / f'{name}.pem').write_bytes(signer.pem)
        cls.source = images.make(private / 'a.qcow2', size=SIZE)
        cls.expected = images.reference(cls.source, 'qcow2')
        cls.api = glance.GlanceApi(plugins=['lifecycle'], conf={
            'lifecycle': {'mode': cls.mode},
            'key_manager': {'backend': 'lifecycle_file'},
            'lifecycle_file_key_manager': {'directory': cls.certificates},
            'lifecycle_signing': {
                'signing_key': cls.service.key_path,
                'signing_certificate_id': SERVICE, **cls.signing},
            **cls.conf})
        cls.addClassCleanup(cls.api.cleanUp)
        cls.api.setUp()

    def setUp(self) -> None:
        super().setUp()
        self.user = self.api.user()

    def signed(self, source: pathlib.Path | None = None) -> dict[str, str]:
        return pki.properties(
            self.builder.sign(source or self.source), USER)

    def import_it(self, source: pathlib.Path, disk_format: str,
                  **properties: str) -> client.Image:
        image_id = self.staged(self.user, source, disk_format, **properties)
        self.user.import_image(image_id, all_stores=True)
        return self.user.wait_import(image_id)

    def import_signed(self, **properties: str) -> client.Image:
        return self.import_it(self.source, 'qcow2', **self.signed(),
                              **properties)

    def assert_queued(self, image: client.Image, *said: str) -> None:
        message = self.message(self.user, image['id'])
        for text in said:
            self.assertIn(text, message)
        self.assertEqual(('queued', []),
                         (image['status'], image['locations']))
        for store in plugin_case.ALL:
            self.assertFalse(
                self.api.stored_copy(image['id'], store).exists())

    def cursive(self, image: client.Image, path: pathlib.Path) -> None:
        """As nova.image.glance does it.

        :raises InvalidSignature:
        """
        fixture = config_fixture.Config(cfg.CONF)
        with fixture:
            file_key_manager.register_opts(cfg.CONF)
            fixture.register_opts([*key_manager.key_manager_opts],
                                  group='key_manager')
            fixture.config(group='key_manager', backend='lifecycle_file')
            fixture.config(group='lifecycle_file_key_manager',
                           directory=str(self.certificates))
            verifier = signature_utils.get_verifier(
                None, image['img_signature_certificate_uuid'],
                image['img_signature_hash_method'], image['img_signature'],
                image['img_signature_key_type'])
        with path.open('rb') as data:
            while chunk := data.read(images.MIB):
                verifier.update(chunk)
        verifier.verify()

    def assert_kept(self, image: client.Image, source: pathlib.Path,
                    given: dict[str, str]) -> None:
        """Stored as it came, the user's signature good for it."""
        self.assert_stored(self.api, image, images.digests(source),
                           *plugin_case.ALL)
        self.assertEqual(given, {name: image[name] for name in given})
        self.assertEqual([], lifecycle_names(image))


def lifecycle_names(image: client.Image) -> list[str]:
    return sorted(name for name in image if name.startswith('lifecycle_'))
