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

"""Words for what HTTP libraries raise."""

import socket
import ssl
import unittest

from botocore import exceptions as boto_exceptions
import requests
import urllib3

from glance_lifecycle.transfer.backends.object_store import network_errors

SECRET = 'http://user:secret@host/'


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


class CauseTest(unittest.TestCase):

    def test_real_ones(self) -> None:
        for call in (
                lambda: urllib3.PoolManager().request(
                    'GET', 'http://127.0.0.1:1/', retries=False),
                lambda: requests.get('http://127.0.0.1:1/', timeout=1)):
            with self.assertRaises((urllib3.exceptions.HTTPError,
                                    requests.RequestException)) as caught:
                call()
            self.assertIn('ECONNREFUSED',
                          network_errors.cause(caught.exception))

    def test_wherever_it_is(self) -> None:
        reset = ConnectionResetError(104, SECRET)
        for error in (
                reset, caused(ValueError(SECRET), reset),
                requests.ConnectionError(SECRET, reset),
                boto_exceptions.EndpointConnectionError(
                    endpoint_url=SECRET, error=reset)):
            self.assertEqual('Connection reset by peer (ECONNRESET)',
                             network_errors.cause(error))

    def test_others(self) -> None:
        bad = ssl.SSLCertVerificationError(1, SECRET)
        bad.verify_message = 'self-signed certificate'
        for error, text in (
                (bad, 'its certificate is not accepted: self-signed '
                 'certificate'),
                (ssl.SSLError(1, SECRET), 'TLS: no reason given'),
                (socket.gaierror(-2, SECRET),
                 'its name cannot be resolved'),
                (ValueError(SECRET), 'ValueError')):
            self.assertEqual(text, network_errors.cause(error))

    def test_circle(self) -> None:
        first, second = ValueError('a'), ValueError('b')
        first.__cause__, second.__cause__ = second, first
        self.assertEqual('ValueError', network_errors.cause(first))

    def test_timeout(self) -> None:
        self.assertTrue(network_errors.is_timeout(
            requests.ConnectionError('aborted', TimeoutError('timed out'))))
        self.assertFalse(network_errors.is_timeout(
            requests.ConnectionError('aborted', ConnectionResetError())))
