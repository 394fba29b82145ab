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

import re
import unittest

import hypothesis
from hypothesis import strategies as st

from glance_lifecycle.audit.doctor import masking


class MaskingTest(unittest.TestCase):

    def test_urls(self) -> None:
        for text in (
                'mysql://u:CANARY@db/g', 'rabbit://u:CANARY@a:1,u:CANARY@b',
                'http://CANARY@h', 'http://u:CAN/ARY@x@h/p',
                'http://h/?password=CANARY&x=1',
                'redis://h:1?db=0&sentinel_password=CANARY',
                'see http://u:CANARY@h'):
            shown = masking.value(text)
            self.assertNotIn('CAN', shown)
            self.assertNotIn('ARY', shown)

    @hypothesis.given(st.lists(st.sampled_from(
        ['?', '&', ';', '=', 'pass', 'KEY', 'a', ' ', '/', '//', '@', ':'])))
    def test_same_as_plain_patterns(self, parts: list[str]) -> None:
        """Which try each character to the end of a word."""
        text = ''.join(parts)
        shown = re.sub(r'(?<=//)\S*@', '***@', text)
        shown = re.sub(r'([?&;][^=&;\s]*(?:pass|key)[^=&;\s]*=)[^&;\s]+',
                       r'\1***', shown, flags=re.IGNORECASE)
        self.assertEqual(shown, masking.line(text))

    def test_of_strangers(self) -> None:
        """Of a log with many such lines, each second would count."""
        for text in ('?' * 3990, '?' + 'pass' * 990, '@ ' + '/' * 3990):
            for _each in range(30):
                self.assertEqual(text, masking.line(text))
        # Of any length, before it is cut.
        masking.sentence('a://' * 100_000 + '@')

    def test_no_scheme(self) -> None:
        for text, shown in (('u:s3cr3t@h', '***@h'), ('a@h:1', 'a@h:1'),
                            ('x,u:s:/@y@h', 'x,***@h'), ('a:b', 'a:b')):
            self.assertEqual(shown, masking.value(text))

    def test_long(self) -> None:
        """Cut in the middle of a password, it would lose its "@"."""
        for length in (50, 119, 121, 1990, 3000, 100_000):
            shown = masking.value('http://u:%s@h' % ('S' * length))
            self.assertNotIn('SS', shown)

    def test_line(self) -> None:
        for text, shown in (
                ('a password=secret1 b', 'a password=*** b'),
                ('get http://u:secret@h/x?sig=secret2&a=b',
                 'get http://***@h/x?sig=***&a=b'),
                ('-H "X-Auth-Token: secret"', '-H "X-Auth-Token: ***"'),
                ('Authorization: Bearer secret', 'Authorization: Bearer ***'),
                ('token gAAAAA' + 'secret' * 9, 'token ***'),
                ('a\nb\x1b', 'a\\x0ab\\x1b')):
            self.assertEqual(shown, masking.line(text))
        # Cut in the middle, it would not be known for what it is.
        for size in range(3900, 4100):
            self.assertNotIn('secr', masking.line(
                ' ' * size + 'http://u:secret@h/'))
        self.assertEqual(' ...', masking.line('x' * 5000))

    def test_sentence(self) -> None:
        for text, shown in (
                ('It belongs to http://u:secret@h/?token=secret2.',
                 'It belongs to http://***@h/?token=***'),
                ('Set it to mysql+pymysql://USER:PASSWORD@HOST/glance.',
                 'Set it to mysql+pymysql://USER:PASSWORD@HOST/glance.'),
                ('rabbit://USER:PASSWORD@secret@h', 'rabbit://***@h'),
                ('rabbit://USER:PASSWORD@h,x://secret@h', 'rabbit://***@h'),
                ('rabbit://USER:PASSWORD@h, x://secret@h',
                 'rabbit://USER:PASSWORD@h, x://***@h'),
                ('a\u00a0b\u3000c', 'a\\u00a0b\\u3000c')):
            self.assertEqual(shown, masking.sentence(text))
        self.assertLess(len(masking.sentence('x' * 10_000)), 5000)

    def test_continued(self) -> None:
        for text, shown in (('a', 'a'), ('a,\nb', 'a, (and 1 line)'),
                            ('a\npassword = x\ny', 'a (and 2 lines)')):
            self.assertEqual(shown, masking.value(text))
            self.assertEqual(shown, masking.name(text))
            self.assertEqual(shown, masking.sentence(text))

    def test_items(self) -> None:
        """Of a list that ends with a comma, and what is indented below."""
        self.assertEqual('a_key = ***', masking.value('a_key = b c'))
        self.assertEqual('monkey=***', masking.value('monkey=x'))
        self.assertEqual('key' * 40 + '...', masking.value('key' * 600))

    def test_options(self) -> None:
        for text in ('debug', 'x2', 'a.b-c_d'):
            self.assertEqual(text, masking.option(text))
        for text in ('AQBvL', 'sw0rd hunter2', 'a\nb', '', '1a', 'a=b'):
            self.assertEqual('(a name not shown)', masking.option(text))

    def test_plain(self) -> None:
        for text in ('http://h:9292/v2', '/srv/images', 'a,b', 'me@example'):
            self.assertEqual(text, masking.value(text))

    def test_terminals(self) -> None:
        self.assertEqual('a\\x1b[2Jb\\x0b', masking.name('a\x1b[2Jb\x0b'))
        self.assertEqual('\\u202ex', masking.name('\u202ex'))

    def test_names(self) -> None:
        for name in ('password', 'admin_password', 'memcache_secret_key',
                     'transport_url', 'connection', 'auth_token',
                     'swift_store_key'):
            self.assertTrue(masking.is_secret(name), name)
        for name in ('debug', 'enabled_backends', 'rbd_store_pool'):
            self.assertFalse(masking.is_secret(name), name)

    def test_hidden(self) -> None:
        self.assertTrue(masking.hidden('*********'))
        self.assertTrue(masking.hidden('mysql://u:*********@db/g'))
        self.assertFalse(masking.hidden('*'))
