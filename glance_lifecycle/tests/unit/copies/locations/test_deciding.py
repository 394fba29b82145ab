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

"""What a location would become, and why it would not."""

from typing import Any
import unittest

from glance_lifecycle.copies.locations import deciding

IMAGE = '6ef0a2a3-43c5-4fd5-9b57-8b2b3ec5b3b7'
OTHER = 'aaaaaaaa-43c5-4fd5-9b57-8b2b3ec5b3b7'
SAME = deciding.Verdict.SAME
REWRITE = deciding.Verdict.REWRITE
ELSEWHERE = deciding.Verdict.ELSEWHERE
STRANGE = deciding.Verdict.STRANGE

OLD = 'oldsecret'
NEW = 'newsecret'


class TableCase(unittest.TestCase):
    """A table: location, verdict, what it becomes, a part of the reason."""

    def check(self, place: Any, *rows: tuple[str, deciding.Verdict, str, str]
              ) -> None:
        for url, verdict, wanted, said in rows:
            with self.subTest(url):
                found = place.decide(url, IMAGE)
                self.assertEqual((verdict, wanted),
                                 (found.verdict, found.url))
                self.assertIn(said, found.reason)
                self.assertEqual(verdict is SAME, not found.reason)
                text = repr((found, place)) + found.reason
                for secret in (OLD, NEW):
                    self.assertNotIn(secret, text)
                self.assertTrue(text.isprintable())


class S3Test(TableCase):

    def place(self, keys: str = '', url: str = 's3://host:8080/images'
              ) -> deciding.S3Place:
        return deciding.S3Place(url, keys)

    def test_keys_in_locations(self) -> None:
        wanted = f's3://k2:{NEW}@host:8080/images/{IMAGE}'
        self.check(
            self.place('k2:' + NEW),
            (wanted, SAME, '', ''),
            (f's3://k1:{OLD}@host:8080/images/{IMAGE}', REWRITE, wanted,
             'other keys'),
            (f's3://k2:{OLD}@HOST:8080/images/{IMAGE}', REWRITE, wanted,
             'other keys'),
            # Keys of Amazon have slashes.
            (f's3://k1:{OLD}/a/b+c@host:8080/images/{IMAGE}', REWRITE,
             wanted, 'other keys'),
            (f's3+http://k2:{NEW}@host:8080/images/{IMAGE}', REWRITE, wanted,
             'scheme'),
            (f's3://host:8080/images/{IMAGE}', REWRITE, wanted,
             'holds no keys'))

    def test_none_in_locations(self) -> None:
        wanted = f's3+https://host/images/{IMAGE}'
        self.check(
            self.place(url='s3+https://host/images'),
            (wanted, SAME, '', ''),
            (f's3+https://k1:{OLD}@host/images/{IMAGE}', REWRITE, wanted,
             'does not write any more'),
            (f's3://host/images/{IMAGE}', REWRITE, wanted, 'scheme'))

    def test_left(self) -> None:
        self.check(
            self.place('k2:' + NEW),
            (f's3://k1:{OLD}@other:8080/images/{IMAGE}', ELSEWHERE, '',
             'another host'),
            (f's3://k1:{OLD}@host:8080/old/{IMAGE}', ELSEWHERE, '',
             'another bucket than s3_store_bucket: old.'),
            (f's3://k1:{OLD}@host:8080/\x1b[31m{"x" * 99}/{IMAGE}', ELSEWHERE,
             '', '?[31mxxx'),
            # With our keys, it would be read by whoever added it.
            (f's3://k1:{OLD}@host:8080/images/{OTHER}', STRANGE, '',
             'not named as the image'),
            (f's3://k1:{OLD}@host:8080/images/{IMAGE}?v=1', STRANGE, '',
             'no location'),
            ('', STRANGE, '', 'decrypted'),
            (f's3://k1:{OLD}@host', STRANGE, '', 'no location'),
            (f's3:{OLD}', STRANGE, '', 'no location'),
            (f'http://k1:{OLD}@host:8080/images/{IMAGE}', STRANGE, '',
             'no location'))


class SwiftTest(TableCase):

    def place(self, reference: str = '', key: str = NEW, seed: int = 0,
              **account: str) -> deciding.SwiftPlace:
        own = {'auth_address': 'http://auth:5000/v3', 'user': 'p:u2',
               'key': key, **account}
        return deciding.SwiftPlace(
            {'container': 'images', 'seed': seed, 'reference': reference},
            own, {
                'new': own, 'same': {**own, 'user': 'p:u1', 'key': OLD},
                'theirs': {**own, 'user': 'q:u'},
                'far': {**own, 'auth_address': 'http://far/v3'}})

    def test_key(self) -> None:
        wanted = f'swift+http://p%3Au2:{NEW}@auth:5000/v3/images/{IMAGE}'
        rest = f'auth:5000/v3/images/{IMAGE}'
        self.check(
            self.place(),
            (wanted, SAME, '', ''),
            (f'swift+http://p%3Au2:{OLD}@{rest}', REWRITE, wanted,
             'another user or key'),
            (f'swift+http://p:u1:{OLD}@{rest}', REWRITE, wanted,
             'another user or key'),
            (f'swift+http://p%3Au1:{OLD}%2F%40@{rest}', REWRITE, wanted,
             'another user or key'),
            (f'swift+config://same/images/{IMAGE}', REWRITE, wanted,
             'another section'),
            (f'swift+config://gone/images/{IMAGE}', REWRITE, wanted,
             'is not in swift_store_config_file: gone.'))

    def test_reference(self) -> None:
        wanted = f'swift+config://new/images/{IMAGE}'
        self.check(
            self.place('new'),
            (wanted, SAME, '', ''),
            (f'swift+config://same/images/{IMAGE}', REWRITE, wanted,
             'another section'),
            (f'swift+http://p%3Au1:{OLD}@auth:5000/v3/images/{IMAGE}',
             REWRITE, wanted, 'not the name of their section'),
            (f'swift+config://theirs/images/{IMAGE}', ELSEWHERE, '',
             'account of another section'),
            (f'swift+config://far/images/{IMAGE}', ELSEWHERE, '',
             'account of another section'))

    def test_left(self) -> None:
        self.check(
            self.place(),
            (f'swift+http://q%3Au:{OLD}@auth:5000/v3/images/{IMAGE}',
             ELSEWHERE, '', 'another project'),
            (f'swift+http://p%3Au:{OLD}@far:5000/v3/images/{IMAGE}',
             ELSEWHERE, '', 'Keystone'),
            (f'swift+http://p%3Au:{OLD}@auth:5000/v3/old/{IMAGE}', ELSEWHERE,
             '', 'another container than swift_store_container: old.'),
            (f'swift+http://p%3Au:{OLD}@auth:5000/v3/images/{OTHER}',
             STRANGE, '', 'not named as the image'),
            (f'swift+http://auth:5000/v1/AUTH_x/images/{IMAGE}', STRANGE, '',
             'multi_tenant'),
            (f'swift+config://new/{IMAGE}', STRANGE, '', 'no location'),
            ('', STRANGE, '', 'decrypted'))

    def test_many_containers(self) -> None:
        wanted = f'swift+config://new/images_6e/{IMAGE}'
        self.check(
            self.place('new', seed=2),
            (f'swift+config://same/images_6e/{IMAGE}', REWRITE, wanted,
             'another section'),
            (f'swift+config://same/images_6f/{IMAGE}', ELSEWHERE, '',
             'another container'))


class WithoutCredentialsTest(TableCase):

    def test_rbd(self) -> None:
        self.check(
            deciding.RbdPlace('f-s', 'images'),
            (f'rbd://f-s/images/{IMAGE}/snap', SAME, '', ''),
            (f'rbd://{IMAGE}', SAME, '', ''),
            (f'rbd://f-t/images/{IMAGE}/snap', ELSEWHERE, '', 'cluster'),
            (f'rbd://f-s/vms/{IMAGE}/snap', ELSEWHERE, '', 'pool'),
            (f'rbd://f-s/{IMAGE}', STRANGE, '', 'no location'),
            ('', STRANGE, '', 'decrypted'))

    def test_file(self) -> None:
        self.check(
            deciding.FilePlace(('/a/b/', '/c')),
            (f'file:///a/b/{IMAGE}', SAME, '', ''),
            (f'file:///c//{IMAGE}', SAME, '', ''),
            (f'file:///c/d/{IMAGE}', ELSEWHERE, '', 'no directory'),
            (f'file:///{IMAGE}', ELSEWHERE, '', 'no directory'),
            ('file:///c/..', STRANGE, '', 'no location'),
            (f'http://h/{IMAGE}', STRANGE, '', 'no location'),
            ('', STRANGE, '', 'decrypted'))
