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

"""Who signs the images: a user, and the service that converts them."""

import functools
import pathlib

import fixtures

from glance_lifecycle.tests.functional.fixtures import glance_conf
from glance_lifecycle.tests.functional.fixtures import pki

_USER = '11111111-2222-3333-4444-555555555555'
_SERVICE = '99999999-2222-3333-4444-555555555555'


class Keys(fixtures.Fixture):
    """Their private keys, and their certificates in a directory."""

    def _setUp(self) -> None:
        base = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self._certificates = base / 'certificates'
        self._certificates.mkdir()
        self._user = pki.signer(base, 'user')
        self._service = pki.signer(base, 'service', bits=3072)
        for name, signer in ((_USER, self._user), (_SERVICE, self._service)):
            (self._certificates / f'{name}.pem').write_bytes(signer.pem)

    def conf(self) -> glance_conf.Sections:
        """What glance-api needs, to verify and to sign."""
        return {
            'key_manager': {'backend': 'lifecycle_file'},
            'lifecycle_file_key_manager': {'directory': self._certificates},
            'lifecycle_signing': {
                'on_convert': 'resign',
                'signing_key': self._service.key_path,
                'signing_certificate_id': _SERVICE}}

    @functools.cache  # noqa: B019 - one object a run
    def properties(self, path: pathlib.Path) -> dict[str, str]:
        """The user's signature of a file, as image properties."""
        return pki.properties(self._user.sign(path), _USER)
