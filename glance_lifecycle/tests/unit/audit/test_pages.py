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

"""Every code that is no check has its page, and every cause its code."""

import pathlib
import re
import unittest

import glance_lifecycle
from glance_lifecycle.audit.diagnosis.causes import failed
from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit import pages

TOP = pathlib.Path(*glance_lifecycle.__path__, 'audit')

# What a cause or an advice is called, where it is made.
_SLUG = re.compile(r"\(\s*(?:found|node), '([a-z-]+)'|"
                   r"_found\(\s*'([a-z-]+)'|else '(staged-data-lost)'|"
                   r"else '(upload-runs)'|else '(request-refused)'")


class PagesTest(unittest.TestCase):

    def test_pages(self) -> None:
        checks = {one.code for one in check.load_all()}
        self.assertEqual(set(), checks & set(pages.BY_CODE))
        made = [one for group in pages.GROUPS.values() for one in group]
        self.assertEqual(len(made), len(pages.BY_CODE))
        self.assertEqual(len(made), len({one.slug for one in made}))
        for one in made:
            self.assertRegex(one.code, r'^GLC(0\d|1[23])\d$')
            text = '\n'.join(one.lines())
            self.assertTrue(text.startswith(one.code + ': '))
            self.assertTrue(one.title.endswith('.'), one.code)
            for paragraph in one.paragraphs:
                self.assertTrue(paragraph.endswith('.'), one.code)

    def test_all_have_one(self) -> None:
        slugs = {one.code for one in failed.SAID}
        for path in (*(TOP / 'diagnosis').rglob('*.py'),
                     *(TOP / 'caches').glob('*advice.py')):
            for found in _SLUG.findall(path.read_text()):
                slugs.add(next(filter(None, found)))
        self.assertGreater(len(slugs), 50)
        self.assertEqual([], sorted(
            slug for slug in slugs if pages.code(slug) == slug))
        known = {one.slug for name in ('Caches', 'An image that is stuck')
                 for one in pages.GROUPS[name]}
        self.assertEqual([], sorted(known - slugs))

    def test_code(self) -> None:
        self.assertEqual('GLC052', pages.code('import-dead'))
        for code in ('GLC101', 'GLC052', 'other'):
            self.assertEqual(code, pages.code(code))
