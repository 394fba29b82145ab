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

"""Certificates from files, from a directory, and from Barbican's API."""

import argparse
# The names, now: importing eventlet, as taskflow 6.0 does, replaces the module
# by one whose threads never run.
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
import json
import os
import threading
from typing import Any

from castellan.common import exception as castellan_exceptions
from openstack import connection
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.audit import image as images
from glance_lifecycle import exceptions
from glance_lifecycle.osc.common import key_store
from glance_lifecycle.policy import decision
from glance_lifecycle.policy import document
from glance_lifecycle.signing import certificates
from glance_lifecycle.signing import trust
from glance_lifecycle.tests.unit.signing import helpers


class Barbican(BaseHTTPRequestHandler):
    """What Barbican answers, to those who may ask."""

    def do_GET(self) -> None:
        if '/secrets/' not in self.path:
            self.answer(json.dumps({'versions': {'values': [{
                'id': 'v1', 'status': 'stable', 'links': [{
                    'rel': 'self', 'href': 'http://%s/v1/'
                    % self.headers['Host']}]}]}}).encode())
        elif self.headers['X-Auth-Token'] != 'alice':
            self.send_error(403)
        elif self.path.endswith('/secrets/cert'):
            self.answer(json.dumps({
                'secret_type': 'certificate', 'content_types': {
                    'default': 'application/octet-stream'}}).encode())
        elif self.path.endswith('/secrets/opaque'):
            self.answer(json.dumps({'secret_type': 'opaque'}).encode())
        elif self.path.endswith('/secrets/cert/payload'):
            self.answer(helpers.pem(helpers.certificate('rsa')))
        else:
            self.send_error(404)

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class KeyStoreTestCase(helpers.SigningTestCase):

    def store(self, token: str) -> key_store.KeyStore:
        server = ThreadingHTTPServer(('127.0.0.1', 0), Barbican)
        thread = threading.Thread(
            target=server.serve_forever, kwargs={'poll_interval': 0.01})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        url = 'http://127.0.0.1:%d/v1' % server.server_port
        conn = connection.Connection(
            auth_type='admin_token', auth={'endpoint': url, 'token': token},
            key_manager_endpoint_override=url)
        self.addCleanup(conn.close)
        return key_store.KeyStore(key_store.SdkKeyManager(conn), None)

    def test_barbican(self) -> None:
        store = self.store('alice')
        self.assertEqual(helpers.certificate('rsa'),
                         store.certificate('cert'))
        self.refused('certificate-unknown', store.certificate, 'none')
        self.refused('certificate-malformed', store.certificate, 'opaque')

    def test_barbican_forbidden(self) -> None:
        self.assertRaises(exceptions.KeyManagerForbidden,
                          self.store('eve').certificate, 'cert')

    def test_each_asked_for_once(self) -> None:
        asked = []

        class Manager:
            def get(self, context: Any, object_id: str) -> Any:
                asked.append(object_id)
                raise castellan_exceptions.ManagedObjectNotFoundError(
                    uuid=object_id)
        store = key_store.KeyStore(Manager(), None)
        for _ in range(3):
            self.refused('certificate-unknown', store.certificate, 'a')
        self.assertEqual(['a'], asked)
        store.add('b', helpers.certificate('rsa'))
        self.assertEqual(helpers.certificate('rsa'), store.certificate('b'))

    def options(self, **given: Any) -> argparse.Namespace:
        parser = argparse.ArgumentParser()
        key_store.add_arguments(parser)
        return parser.parse_args([word for name, value in given.items()
                                  for word in (
                                      '--' + name.replace('_', '-'), value)])

    def test_directory(self) -> None:
        self.write('one.pem', helpers.pem(helpers.certificate('rsa')))
        store = key_store.store(
            self.options(key_directory=self.directory), None)
        self.assertEqual(helpers.certificate('rsa'),
                         store.certificate('one'))

    def test_config_file(self) -> None:
        self.write('one.pem', helpers.pem(helpers.certificate('rsa')))
        path = self.write('glance.conf', (
            '[key_manager]\nbackend = %s\n'
            '[lifecycle_file_key_manager]\ndirectory = %s\n'
            '[lifecycle_signing]\nmin_rsa_bits = 3072\n'
            'signing_certificate_id = one\n' % (
                helpers.BACKEND, self.directory)).encode())
        given = self.options(config_file=path)
        self.assertEqual(
            certificates.summary(helpers.certificate('rsa')),
            certificates.summary(
                key_store.store(given, None).certificate('one')))
        self.assertEqual(3072, key_store.policy(given).min_rsa_bits)
        self.assertEqual('one', key_store.service_certificate_id(given))

    def trusted(self, document: str, **changes: Any) -> trust.TrustPolicy:
        """Whom the service trusts with an image."""
        policy = self.write('policy.yaml', ('version: 1\n' + document)
                            .encode())
        path = self.write('glance.conf', (
            '[lifecycle]\npolicy_file = %s\n[lifecycle_signing]\n'
            'allowed_certificates = a, b\ndenied_serials = 0A\n'
            % policy).encode())
        return key_store.trusts(self.options(config_file=path))(
            images.Image.of({'id': 'i', 'name': 'golden', 'owner': 'p',
                             'created_at': '2026-01-01T00:00:00Z',
                             'tags': [], **changes}))

    def test_policy_document(self) -> None:
        """As at the import: the rule of the image, or else the defaults."""
        document = """
defaults: {require: {allowed_certificates: [b], denied_serials: ['0B']}}
rules:
- {name: golden, match: {name: golden, project: p},
   require: {allowed_certificates: [c], min_rsa_bits: 4096}}
"""
        found = self.trusted(document)
        self.assertEqual((frozenset('c'), frozenset((10, 11)), 4096), (
            found.allowed_certificates, found.denied_serials,
            found.min_rsa_bits))
        found = self.trusted(document, owner='q')
        self.assertEqual((frozenset('b'), frozenset((10, 11)), 2048), (
            found.allowed_certificates, found.denied_serials,
            found.min_rsa_bits))
        self.assertEqual(frozenset('ab'), self.trusted(
            '').allowed_certificates)

    def test_policy_document_of_a_file(self) -> None:
        """No rule is guessed."""
        self.trusted('')
        for text, allowed in (
                ('defaults: {require: {allowed_certificates: [b]}}', 'b'),
                ('rules: [{name: a, require: {allowed_certificates: [d]}}]',
                 'd'),
                ('rules: [{name: a, match: {name: x}, require: '
                 '{allowed_certificates: [d]}}]', 'ab')):
            self.write('policy.yaml', b'version: 1\n' + text.encode())
            self.assertEqual(frozenset(allowed), key_store.trusts(
                self.options(config_file=os.path.join(
                    self.directory, 'glance.conf')))(images.Image(
                        id='', properties={})).allowed_certificates)

    def test_policy_document_of_no_use(self) -> None:
        """Not as if there were none."""
        for text in ('rules: 1', 'rules: [{name: a, require: {'
                         'allowed_certificates: []}}]', '\0'):
            with self.assertRaisesRegex(osc_exceptions.CommandError,
                                        'policy.yaml cannot be used'):
                self.trusted(text)
        path = self.write('glance.conf', b'[lifecycle]\n'
                          b'policy_file = /nowhere\n')
        with self.assertRaisesRegex(osc_exceptions.CommandError,
                                    '/nowhere cannot be read'):
            key_store.trusts(self.options(config_file=path))

    def test_no_policy_document(self) -> None:
        image = images.Image(id='', properties={})
        self.assertEqual(trust.TrustPolicy(),
                         key_store.trusts(self.options())(image))
        # That of another command, as "report --policy".
        wanted = decision.Policy(document.load(
            b'version: 1\ndefaults: {require: {min_rsa_bits: 4096}}'))
        self.assertEqual(
            trust.TrustPolicy(min_rsa_bits=4096),
            key_store.trusts(self.options(), wanted)(image))

    def test_useless_files(self) -> None:
        for name, value in (('config_file', '/nowhere'),
                            ('ca_bundle', '/nowhere'),
                            ('ca_bundle', self.write('empty', b''))):
            self.assertRaises(osc_exceptions.CommandError, key_store.policy,
                              self.options(**{name: value}))
