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

"""Who signs in the demo: a builder and the service, both vouched for by a CA.

Their certificates are in a directory, as ``backend = lifecycle_file`` wants
it: no Barbican is needed.
"""

import hashlib
import pathlib

import fixtures

from demo import screen
from glance_lifecycle.audit import image as images
from glance_lifecycle.audit import link
from glance_lifecycle.audit import verification
from glance_lifecycle.signing import certificates
from glance_lifecycle.signing import signer
from glance_lifecycle.signing import trust
from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import glance_conf
from glance_lifecycle.tests.functional.fixtures import pki

# The sample policy trusts this one.
_BUILDER = 'platform-build'
_SERVICE = 'glance-of-this-cloud'


class Signers(fixtures.Fixture):
    """Keys and certificates that live as long as the demo."""

    def _setUp(self) -> None:
        base = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        authority = pki.signer(base, 'Demo CA', bits=3072, authority=True)
        self._bundle = base / 'ca.pem'
        self._bundle.write_bytes(authority.pem)
        self._certificates = base / 'certificates'
        self._certificates.mkdir()
        self._builder, self._service = (
            pki.signer(base, name, bits=3072, issuer=authority)
            for name in ('Image builder', 'Glance of this cloud'))
        for name, who in ((_BUILDER, self._builder),
                          (_SERVICE, self._service)):
            (self._certificates / f'{name}.pem').write_bytes(who.pem)

    def conf(self) -> glance_conf.Sections:
        return {
            'key_manager': {'backend': 'lifecycle_file'},
            'lifecycle_file_key_manager': {'directory': self._certificates},
            'lifecycle_signing': {
                'required': 'always', 'on_convert': 'resign',
                'ca_bundle': self._bundle,
                'signing_key': self._service.key_path,
                'signing_certificate_id': _SERVICE}}

    def sign(self, path: pathlib.Path) -> dict[str, str]:
        """The builder's signature of a file, as image properties."""
        with path.open('rb') as source:
            digest = hashlib.file_digest(source, 'sha512').digest()
        builder = signer.ServiceSigner(
            self._builder.key, self._builder.certificate, _BUILDER)
        return builder.sign_digest(digest, 'SHA-512').to_properties()

    def chain(self, image: client.Image,
              digests: verification.Digests) -> list[link.Check]:
        """As ``openstack image lifecycle verify`` does it.

        :param digests: of a stored copy
        """
        record = images.Image(
            id=image['id'], properties=image, size=image['size'],
            os_hash_algo=image['os_hash_algo'],
            os_hash_value=image['os_hash_value'])
        found = {_BUILDER: self._builder, _SERVICE: self._service}
        return list(verification.Verification(
            record, digests, lambda key: certificates.load(found[key].pem),
            trust.TrustPolicy(ca_bundle=str(self._bundle),
                              require_chain=True),
            service_certificate_id=_SERVICE).checks())


def show(checks: list[link.Check]) -> None:
    """A link of the chain a row, with what was seen."""
    for check in checks:
        screen.row(check.name, check.result)
        screen.note(check.detail)
