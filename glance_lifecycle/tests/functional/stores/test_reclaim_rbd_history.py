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

"""A random history of a pool: plan, apply, undo and purge, and kill -9.

What Glance needs is there, bit for bit; what nobody needs is gone; and what is
another's was not touched.
"""

import json
import pathlib
import random
from typing import Any

from testtools import content
from testtools import content_type

from glance_lifecycle.tests.functional.fixtures import points
from glance_lifecycle.tests.functional import history_case
from glance_lifecycle.tests.functional.stores import rbd_history
from glance_lifecycle.tests.functional.stores import rbd_looks
from glance_lifecycle.tests.functional.stores import test_hygiene_rbd
from glance_lifecycle.tests import waiting

_RBD = ('glance_lifecycle.transfer.backends.rbd.quarantine:'
        'RbdQuarantine.')
_MARK = 'lifecycle_quarantine'

# Calls of librbd and librados for one image, before one of which whoever makes
# them is killed.
_CALLS = {'put': 14, 'restore': 9, 'purge': 22}

#: Of all that there is to know of an image.
_Looks = dict[str, Any]


class RbdHistoryTest(test_hygiene_rbd.RbdHygieneCase,
                     history_case.SeededCase):

    stores = {'fast': 'rbd', 'files': 'file'}

    def setUp(self) -> None:
        super().setUp()
        self.west = self.new_glance()
        self.plans: list[pathlib.Path] = []
        self.exports = 0

    def test_known_seed(self) -> None:
        self.history(5)

    def test_new_seed(self) -> None:
        self.history(self.new_seed())

    def history(self, seed: int) -> None:
        self.chance: random.Random = self.seeded(seed)
        self.pool = rbd_history.Pool(self.cluster, self.api, self.west,
                                     self.chance)
        self.addDetail('what has happened', content.Content(
            content_type.UTF8_TEXT,
            lambda: ['\n'.join(self.pool.told).encode()]))
        self.pool.happen(24)
        self.remember()
        plan = self.planned_all()
        self.killed('put', 'apply', str(plan), *self.heeding)
        self.done('apply', str(plan), *self.heeding)
        self.assert_taken(plan)
        self.killed('restore', 'undo', str(plan))
        self.done('undo', str(plan))
        self.assert_as_it_was()
        self.pool.happen(8)
        self.remember()
        while self.steps(plan := self.planned_all()) & self.going():
            self.killed('put', 'apply', str(plan), *self.heeding, times=1)
            self.done('apply', str(plan), *self.heeding)
            purge = ('apply', str(plan), *self.heeding, '--purge', '--yes')
            self.killed('purge', *purge, gone=True)
            self.done(*purge)
            # Those whose name was another's in this plan are for the next.
            self.gone |= self.steps(plan) & self.going()
            self.assert_gone()
        self.assertEqual(set(), self.going())
        for plan in self.plans:
            self.done('undo', str(plan))
        self.assert_as_it_was()
        self.assert_gone()
        for thing in self.pool.things:
            if thing.data is not None:
                api = self.west if 'of the other' in thing.what else self.api
                self.assertEqual(thing.data, api.admin().download(thing.name))

    # What is there.

    def remember(self) -> None:
        """What is to be as it is now, in the end."""
        self.things = {one.id: one for one in self.pool.things}
        self.gone: set[str] = set()
        self.before = {one: self.looks(one) for one in self.things}
        self.versions = {one: self.version(one) for one in self.untouched()}
        self.clones = self.looks_of_clones()

    def going(self) -> set[str]:
        """What is still to go."""
        return {one.id for one in self.things.values()
                if one.may_go} - self.gone

    def untouched(self) -> set[str]:
        return {one.id for one in self.things.values() if not one.needless}

    def looks(self, image_id: str) -> _Looks:
        """Of one of the pool; without the mark that a plan makes."""
        namespace = self.things[image_id].namespace
        found = rbd_looks.whole(self.cluster, image_id, namespace=namespace)
        found['metadata'] = [
            one for one in found['metadata'] if one[0] != _MARK]
        return found | {'place': rbd_looks.places(
            self.cluster, namespace=namespace).get(image_id)}

    def version(self, image_id: str) -> int:
        return rbd_looks.version(self.cluster, image_id, namespace=self.things[
            image_id].namespace)

    def looks_of_clones(self) -> list[_Looks]:
        return [rbd_looks.whole(self.cluster, one, pool, namespace)
                for pool, namespace in (('images2', ''),
                                        ('images2', rbd_history.NAMESPACE))
                for one in sorted(rbd_looks.places(
                    self.cluster, pool, namespace))]

    # What is done.

    @property
    def heeding(self) -> tuple[str, ...]:
        return ('--export', str(self.work / f'west-{self.exports}'),
                '--unsigned')

    def export(self) -> None:
        """In whole seconds, and what changed in that one is unclear."""
        self.exports += 1
        waiting.next_second()
        answer = self.operator().spawn(
            'image', 'lifecycle', 'hygiene', 'export', '--out',
            str(self.work / f'west-{self.exports}'), '--name', 'west',
            '--config-file', str(self.west.etc / 'glance-api.conf'))
        self.assertEqual(0, answer.code, str(answer))

    def planned_all(self) -> pathlib.Path:
        """All that can go: of two of one name, one."""
        self.export()
        path = self.work / f'plan-{len(self.plans)}'
        answer = self.operator().spawn(*self.reclaiming(
            'plan', *self.at_once, *self.all_of_it, '--keep', '0', '--alone',
            'fast', '--out', str(path), *self.heeding))
        self.assertIn(answer.code, (0, 3), str(answer))
        self.plans.append(path)
        late = {one.id for one in self.things.values()
                if one.needless} - self.gone
        steps = self.steps(path)
        self.assertEqual(set(), steps - late, str(answer))
        self.assertEqual({self.things[one].name for one in self.going()},
                         {self.things[one].name for one in steps
                          } & {self.things[one].name for one in self.going()},
                         str(answer))
        return path

    def steps(self, plan: pathlib.Path) -> set[str]:
        return {one['identity'] for one in json.loads(
            plan.read_text())['steps']}

    def done(self, *argv: str) -> None:
        """To its end; what is taken by two names is left."""
        answer = self.operator().spawn(*self.reclaiming(*argv))
        self.assertIn(answer.code, (0, 3), str(answer))
        self.assertNotIn('Traceback', answer.stderr)
        self.assert_whole()

    def killed(self, after: str, *argv: str, times: int = 2,
               gone: bool = False) -> None:
        """At random calls."""
        most = _CALLS[after] * max(1, len(self.steps(self.plans[-1])))
        for _again in range(times):
            number = self.chance.randrange(1, most)
            answer = self.operator().fork(
                *self.reclaiming(*argv), first=points.Kill(
                    ('call',), _RBD + after, number)).end()
            self.assertIn(answer.code, (-9, 0, 3), f'{number}: {answer}')
            self.pool.told.append(
                f'{argv[0]} {argv[1:]} was killed before call {number} after '
                f'{after}: {answer.code}')
            self.cut_off()
            most = max(2, number)
            if not gone:
                self.assert_whole()

    def cut_off(self) -> None:
        """The dead: else they seem to be there for half a minute."""
        import rbd
        for image_id, thing in self.things.items():
            with self.cluster.ioctx('images') as ioctx:
                ioctx.set_namespace(thing.namespace)
                try:
                    with rbd.Image(ioctx, image_id=image_id,
                                   read_only=True) as image:
                        watchers = list(image.watchers_list())
                except rbd.ImageNotFound:
                    continue
            for one in watchers:
                self.cluster.command('osd blocklist', blocklistop='add',
                                     addr=one['addr'], expire=60.0)

    # What has to be.

    def assert_whole(self) -> None:
        """All of it is there, wherever; and what is needed, untouched."""
        untouched = self.untouched()
        for one in self.things.keys() - self.gone - (
                self.going() if self.is_purging else set()):
            now, before = self.looks(one), dict(self.before[one])
            if one not in untouched:
                now['place'] = before['place'] = ''
            self.assertEqual(before, now, str(self.things[one]))
        self.assertEqual(self.versions, {
            one: self.version(one) for one in untouched})
        self.assertEqual(self.clones, self.looks_of_clones())

    @property
    def is_purging(self) -> bool:
        return len(self.plans) > 1

    def assert_taken(self, plan: pathlib.Path) -> None:
        for one in self.steps(plan):
            place = self.looks(one)['place']
            self.assertEqual('in the trash', place[0],
                             str(self.things[one]))

    def assert_as_it_was(self) -> None:
        there = self.things.keys() - self.gone
        self.assertEqual({one: self.before[one] for one in there},
                         {one: self.looks(one) for one in there})
        for namespace in ('', rbd_history.NAMESPACE):
            self.assertEqual(
                {one for one in there
                 if self.things[one].namespace == namespace},
                set(rbd_looks.places(self.cluster, namespace=namespace)))

    def assert_gone(self) -> None:
        """Nothing is left of it, but what the OSD still has to come to."""
        there = rbd_looks.places(self.cluster)
        self.assertEqual(set(), self.gone & there.keys())
        waiting.until('all of it is removed', lambda: not [
            name for name in self.cluster.objects('images')
            if self.gone & {*name.split('.')}])
