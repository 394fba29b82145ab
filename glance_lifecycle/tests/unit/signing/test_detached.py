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

import hashlib

from glance_lifecycle.signing import algorithms
from glance_lifecycle.signing import detached
from glance_lifecycle.signing import signer
from glance_lifecycle.tests.unit.signing import helpers

DIGEST = hashlib.new(detached.HASH, helpers.DATA).digest()


class DetachedTest(helpers.SigningTestCase):

    def test_sign_and_verify(self) -> None:
        for kind in ('rsa', 'p384', 'p521'):
            certificate = helpers.certificate(kind)
            made = signer.ServiceSigner(
                helpers.key(kind), certificate, 'id-1', helpers.NOW)
            signature = made.sign_file(DIGEST)
            self.assertTrue(detached.verifies(certificate, signature, DIGEST))
            for other, bad, digest in (
                    (helpers.certificate('p384' if kind == 'rsa' else 'rsa'),
                     signature, DIGEST),
                    (certificate, signature[:-1] + b'x', DIGEST),
                    (certificate, b'', DIGEST),
                    (certificate, signature, DIGEST[::-1]),
                    (certificate, signature, b'short')):
                self.assertFalse(detached.verifies(other, bad, digest))

    def test_what_an_image_is_signed_with_is_no_other(self) -> None:
        """Users choose the bytes of images, also those of an export."""
        for kind in ('rsa', 'p384', 'p521'):
            certificate = helpers.certificate(kind)
            made = signer.ServiceSigner(
                helpers.key(kind), certificate, 'id-1', helpers.NOW)
            for method in algorithms.HASH_METHODS:
                signed = made.sign_digest(helpers.digest(method), method)
                self.assertFalse(detached.verifies(
                    certificate, signed.signature, DIGEST))
            self.assertFalse(algorithms.verifies(
                helpers.key(kind).public_key(), made.sign_file(DIGEST),
                'SHA-512', helpers.digest('SHA-512')))

    def test_other_keys(self) -> None:
        self.assertFalse(detached.verifies(
            helpers.certify(helpers.key('dsa')), b'x', DIGEST))
