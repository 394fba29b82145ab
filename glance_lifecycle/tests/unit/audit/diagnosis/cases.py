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

"""Facts for tests, and what is said of them."""

import dataclasses
import datetime
from typing import Any

import testtools

from glance_lifecycle.audit.diagnosis import cause
from glance_lifecycle.audit.diagnosis import facts

NOW = datetime.datetime(2026, 11, 27, 12, tzinfo=datetime.UTC)
IMAGE = '5f8fb0f1-2f5c-4e9a-8c55-0d0d0d0d0d0d'
REQUEST = 'req-11111111-2222-3333-4444-555555555555'


def ago(seconds: float) -> datetime.datetime:
    return NOW - datetime.timedelta(seconds=seconds)


def task(status: str = 'processing', message: str = '', age: float = 10,
         **fields: Any) -> facts.Task:
    return facts.Task(**{
        'id': 't1', 'status': status, 'message': message,
        'request_id': REQUEST, 'created': ago(age + 100),
        'updated': ago(age), **fields})


def known(status: str, *, tasks: Any = (), here: facts.Here | None = None,
          lines: Any = None, **image: Any) -> facts.Facts:
    return facts.Facts(
        facts.Image(IMAGE, status=status, **{'updated': ago(60), **image}),
        NOW, None if tasks is None else tuple(tasks), None, here,
        None if lines is None else tuple(lines))


def cloud(names: tuple[str, ...] | None, **image: Any) -> facts.Facts:
    """An active image in a cloud with the stores of these names."""
    return dataclasses.replace(known('active', **image), stores=names)


def here(**fields: Any) -> facts.Here:
    return facts.Here(**{'host': 'api1', **fields})


def line(text: str, level: str = 'ERROR', number: int = 7) -> facts.Line:
    return facts.Line('api.log', text, number=number, level=level)


def staged(age: float = 500) -> facts.Staged:
    return facts.Staged('/staging/' + IMAGE, 1024, ago(age))


class CauseTestCase(testtools.TestCase):

    def one(self, rule: cause.Cause, found: facts.Facts, code: str = ''
            ) -> cause.Diagnosis:
        """The only thing that a cause says."""
        [said] = list(rule(found))
        if code:
            self.assertEqual(code, said.code)
        self.assertEqual(IMAGE, said.subject)
        for text in (said.cause, said.evidence, said.remedy):
            self.assertRegex(text, r'[.?]\)?$')
        # What cannot be undone is said to be so, and other things are not.
        self.assertEqual(said.destructive, bool(said.command) and any(
            word in said.command for word in ('delete', 'scrubber')),
            said.command)
        return said

    def none(self, rule: cause.Cause, *found: facts.Facts) -> None:
        for each in found:
            self.assertEqual([], list(rule(each)), str(each))
