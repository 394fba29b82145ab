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

"""Signatures where the service has no key."""

import unittest

from oslo_config import cfg
from oslo_config import fixture as config
import testtools

from glance_lifecycle.conf import opts
from glance_lifecycle import exceptions
from glance_lifecycle.worker import resigning
from glance_lifecycle.worker import service_signatures


class ResigningTest(testtools.TestCase):

    def test_no_key(self) -> None:
        """What it attested is left, and the reason is another."""
        found = resigning.Signatures()
        self.assertEqual(resigning.Found(why_not=resigning.NO_PROOF),
                         found.look({'id': 'i'}))
        self.assertEqual(resigning.Found(why_not=resigning.NO_KEY),
                         found.look({'id': 'i', 'lifecycle_attestation': '{'}))
        with unittest.TestCase.assertRaises(
                self, exceptions.ActionRefused) as caught:
            found.sign({'id': 'i'}, list)
        self.assertIn('key of the service', str(caught.exception))

    def test_of(self) -> None:
        conf = self.useFixture(config.Config(cfg.ConfigOpts())).conf
        opts.register_opts(conf)
        for key, certificate, kind in (
                (None, None, resigning.Signatures),
                ('/key', None, resigning.Signatures),
                (None, 'c', resigning.Signatures),
                ('/key', 'c', service_signatures.ServiceSignatures)):
            conf.set_override('signing_key', key, 'lifecycle_signing')
            conf.set_override('signing_certificate_id', certificate,
                              'lifecycle_signing')
            self.assertIs(kind, type(resigning.of(conf)))
