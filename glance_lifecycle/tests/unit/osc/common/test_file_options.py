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

"""Which addresses commands take."""

import argparse
import contextlib
import io
import unittest
from unittest import mock

from glance_lifecycle.osc import cache_audit
from glance_lifecycle.osc.common import file_options

_BAD = ('127.0.0.1:30830', 'nourl', '', 'http://', 'ftp://a', 'http://[')


class UrlTest(unittest.TestCase):

    def test_options(self) -> None:
        """One that is not asked would be taken for one that is fine."""
        hosts = argparse.ArgumentParser()
        file_options.add_arguments(hosts, config_dir='', api_url='')
        for parser, option in (
                (hosts, '--api-url'),
                (cache_audit.AuditCache(mock.Mock(), None).get_parser('x'),
                 '--endpoint')):
            for bad in _BAD:
                with self.subTest(bad), \
                        contextlib.redirect_stderr(io.StringIO()) as said:
                    self.assertRaises(SystemExit, parser.parse_args,
                                      [option, bad])
                    self.assertIn('is no URL that begins with http:// or '
                                  'https://.', said.getvalue())
            for good in ('http://a:9292', 'https://[::1]:9292/image'):
                parser.parse_args([option, good])
