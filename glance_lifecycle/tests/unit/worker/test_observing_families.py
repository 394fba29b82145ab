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

"""What a new image makes of its family, and what is known to be in use."""

from collections.abc import Iterator
import datetime
import json
from typing import Any

from glance_lifecycle.dependents import base
from glance_lifecycle import exceptions
from glance_lifecycle.policy import decision
from glance_lifecycle.tests.unit.policy import strategies
from glance_lifecycle.tests.unit.policy import test_checks
from glance_lifecycle.tests.unit.worker.database import cases
from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.tests.unit.worker import looking
from glance_lifecycle.worker import brake
from glance_lifecycle.worker import cloud as clouds
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import marks
from glance_lifecycle.worker.database import uses
from glance_lifecycle.worker import observing
from glance_lifecycle.worker import usage

KEPT = test_checks.policy(retain={
    'family': {'property': 'build'}, 'keep_last': 1,
    'hide_after': '0 days', 'only_unused': False})
UNUSED = test_checks.policy(retain={
    'delete_after': '1 day', 'unused_for': '90 days'})

ids = image_api.image_id


class Cloud(clouds.Cloud):
    """Nova and Cinder, as this process has them."""

    def __init__(self, api: image_api.ImageApi, in_use: list[str] | None
                 ) -> None:
        super().__init__(api.connection())
        self._in_use = in_use

    def in_use(self, since: datetime.datetime | None) -> Iterator[str]:
        if self._in_use is None:
            raise base.NotAsked(detail='Nova is away')
        yield from self._in_use


class ObservingCase(cases.DatabaseTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.api = self.useFixture(image_api.ImageApi())
        self.usage = usage.Usage(self.database, datetime.timedelta(days=3))
        self.in_use: list[str] | None = []
        for number in range(1, 5):
            self.add(number)

    def add(self, number: int, **changes: Any) -> None:
        self.api.add(image_api.image(number, **{
            'created_at': '2026-01-0%dT00:00:00Z' % number, 'build': 'x',
            **changes}))

    def look(self, policy: decision.Policy, *numbers: int
             ) -> observing.Seen:
        """At some, or at all."""
        observer = observing.Observer(self.database, brake.Brake(), 'sweep',
                                      use=self.usage)
        images = [self.api.images[ids(number)] for number in numbers] or list(
            self.api.images.values())
        return looking.look(
            observer, images, Cloud(self.api, self.in_use), policy,
            len(self.api.images) if numbers else None)

    def wanted(self) -> dict[str, list[str]]:
        """Image -> purposes."""
        found: dict[str, list[str]] = {}
        for job in jobs.list_jobs(self.database, state=jobs.OPEN):
            found.setdefault(job.image_id, []).append(job.purpose)
        return found


class FamiliesTest(ObservingCase):

    def test_all(self) -> None:
        """The family is listed once."""
        self.look(KEPT)
        self.assertEqual({ids(number): ['hide'] for number in (1, 2, 3)},
                         self.wanted())
        self.assertEqual(2, len(self.api.listed()))

    def test_a_new_one(self) -> None:
        """It is looked at alone, and makes the others old."""
        self.add(5, build='y')
        self.add(6, owner='q')
        seen = self.look(KEPT, 4)
        self.assertEqual({ids(number): ['hide'] for number in (1, 2, 3)},
                         self.wanted())
        self.assertEqual((4, 3), (seen.images, seen.opened))

    def test_not_the_newest_any_more(self) -> None:
        """It cannot be used: jobs that it was the reason for are over."""
        self.look(KEPT)
        self.api.images[ids(4)]['status'] = 'deactivated'
        self.look(KEPT, 4)
        self.assertEqual({ids(number): ['hide'] for number in (1, 2)},
                         self.wanted())

    def test_no_family(self) -> None:
        self.look(test_checks.policy(retain={
            'hide_after': '1 day', 'only_unused': False}), 4)
        self.assertEqual({ids(4): ['hide']}, self.wanted())
        self.assertEqual([], self.api.listed())

    def test_alone(self) -> None:
        """For what does not depend on it, the family is not listed."""
        image = self.api.images[ids(1)]
        policy = decision.Policy(strategies.load({'version': 1, 'rules': [
            {'name': 'a', 'place': {'stores': ['bulk']}, 'retain': {
                'family': {'property': 'build'}, 'keep_last': 1,
                'delete_after': '0 days', 'deprecate': True}}]}))
        now = datetime.datetime.now(datetime.UTC)
        cloud = self.api.cloud()
        for alone, kinds, lists in ((True, ['copy'], 0),
                                    (False, ['delete'], 2)):
            self.assertEqual(kinds, [each.kind for each in cloud.needs(
                image, policy, now, alone=alone).actions])
            self.assertEqual(lists, len(self.api.listed()))

    def test_cannot_be_listed(self) -> None:
        """Nothing is decided on a part of it."""
        self.api.fail['/v2/images'] = 403
        self.assertRaises(exceptions.ServiceError, self.look, KEPT, 4)
        self.assertEqual({}, self.wanted())


class UseTest(ObservingCase):

    def setUp(self) -> None:
        super().setUp()
        now = datetime.datetime.now(datetime.UTC)
        since = now - datetime.timedelta(days=91)
        self.watched = json.dumps({'since': since.isoformat(),
                                   'last': now.isoformat()})

    def test_at_first(self) -> None:
        """Nobody has watched: nothing is due, however old it is."""
        self.in_use = [ids(1)]
        seen = self.look(UNUSED)
        self.assertEqual((4, 0), (seen.images, seen.actions))
        self.assertEqual({ids(1)}, set(uses.listed(self.database)))

    def test_later(self) -> None:
        marks.set(self.database, 'use', self.watched)
        self.in_use = [ids(1)]
        self.look(UNUSED)
        self.assertEqual({ids(number): ['delete'] for number in (2, 3, 4)},
                         self.wanted())

    def test_not_known(self) -> None:
        """Nova is away: what is due by that waits, and nothing else."""
        marks.set(self.database, 'use', self.watched)
        self.in_use = None
        seen = self.look(UNUSED)
        self.assertEqual((4, 0, 4), (seen.images, seen.actions, seen.left))

    def test_not_asked(self) -> None:
        """Where no policy asks for it, nobody lists what is in use."""
        self.in_use = None
        self.look(KEPT)
        self.assertIsNone(marks.get(self.database, 'use'))
