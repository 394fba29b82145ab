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

"""What has happened in a pool of a real cluster, at random, by a seed.

Two Glances use the pool, and so do strangers. Whatever happens, what may go of
it is known: ``Thing.may_go``.
"""

from collections.abc import Callable
import dataclasses
import random
from typing import Any

from glance_lifecycle.tests.functional.fixtures import ceph
from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional import hygiene_case

POOL, OTHER_POOL, NAMESPACE = 'images', 'images2', 'tenant'

_LARGEST = 8192

# Images that are never deleted.
_FOR_GOOD = 5

# So that Ceph keeps it for longer than any test takes.
_FOR_LONG = ('--expires-at', '2050-01-01')


@dataclasses.dataclass
class Thing:
    """One image in the pool.

    :ivar what: how it came to be, and what became of it
    :ivar id: Ceph's
    :ivar name: that it has, or had when it went to the trash
    :ivar needed: by one of the two Glances, by strangers, or by nobody knows
        whom
    :ivar data: that Glance must have; None where it does not know it
    :ivar clones: of it, with the format of each
    :ivar late: to be kept in the trash for longer, as whoever put it there
        said
    """

    what: str
    id: str
    name: str
    namespace: str = ''
    needed: bool = True
    data: bytes | None = None
    clones: dict[str, int] = dataclasses.field(default_factory=dict)
    whole: bool = True
    trashed: bool = False
    late: bool = False
    known: bool = True

    @property
    def needless(self) -> bool:
        return not self.needed and not self.clones

    @property
    def may_go(self) -> bool:
        return self.needless and not self.late

    @property
    def spec(self) -> str:
        return '/'.join(filter(None, (POOL, self.namespace, self.name)))


class Pool:
    """:param ours: whose rubbish is looked for

    :param west: another Glance with the same pool
    """

    def __init__(self, cluster: ceph.Ceph, ours: glance.GlanceApi,
                 west: glance.GlanceApi, chance: random.Random) -> None:
        self._cluster = cluster
        self._api = ours
        self._ours: client.Client = ours.admin()
        self._west: client.Client = west.admin()
        self._west_api = west
        self._chance = chance
        self._number = 0
        self.things: list[Thing] = []
        #: What has happened, for whoever reads of a failure.
        self.told: list[str] = []
        self._rbd('namespace', 'create', f'{POOL}/{NAMESPACE}')
        self._rbd('namespace', 'create', f'{OTHER_POOL}/{NAMESPACE}')
        self._for_good = {self.upload().name for _one in range(_FOR_GOOD)}

    def happen(self, number: int) -> None:
        """So many things, one after the other."""
        every: list[Callable[[], object]] = [
            self.upload, self.upload, self.delete, self.lose, self.lose,
            self.lose, self.unregister, self.clone, self.clone, self.unclone,
            self.throw_away, self.throw_away, self.cut_short, self.again,
            self.forget, self.foreign, self.in_namespace, self.western,
            self.western_lost, self.of_both]
        # At least one image of each Glance.
        for happens in (self.upload, self.western, *self._chance.choices(
                every, k=number)):
            happens()

    # What may happen. Where nothing is there for it, nothing does.

    def upload(self) -> Thing:
        return self._uploaded(self._ours, 'ours')

    def western(self) -> Thing:
        """What the other Glance has."""
        return self._uploaded(self._west, 'of the other')

    def western_lost(self) -> None:
        """The other lost it; nobody but the other can tell."""
        if self._is_strange():
            return
        thing = self.western()
        hygiene_case.drop(self._west_api, thing.name)
        self._note(thing, 'lost', known=False, data=None)

    def lose(self) -> None:
        """It is deleted, and the store did not hear of it."""
        thing = self._one(lambda one: one.data is not None and self._is_ours(
            one)) or self.upload()
        hygiene_case.drop(self._api, thing.name)
        self._note(thing, 'lost', needed=False, data=None)

    def delete(self) -> None:
        """By Glance, which moves to the trash what something hangs on."""
        thing = self._one(lambda one: one.data is not None and self._is_ours(
            one) and 1 not in one.clones.values())
        if thing is None:
            return
        self._ours.delete(thing.name)
        if thing.clones:
            self._note(thing, 'deleted', needed=False, data=None,
                       trashed=True)
        else:
            self.things.remove(thing)

    def unregister(self) -> None:
        """Its location leads elsewhere: a copy that was not registered."""
        thing = self.upload()
        lead_elsewhere(self._api, thing.name, thing.data or b'')
        self._note(thing, 'unregistered', needed=False)

    def clone(self) -> None:
        thing = self._one(lambda one: one.whole and not one.trashed
                          and not one.namespace and one.what != 'foreign')
        if thing is None:
            return
        version = self._chance.choice((1, 2))
        where = self._chance.choice(
            (OTHER_POOL, POOL, f'{OTHER_POOL}/{NAMESPACE}')[:version + 1])
        self._number += 1
        name = f'{where}/clone-{self._number}'
        self._cluster.tool('rbd', 'clone', '--rbd-default-clone-format',
                           version, f'{thing.spec}@snap', name)
        thing.clones[name] = version
        self._note(thing, f'cloned ({version}) as {name}')
        if where == POOL:
            self._made(f'clone-{self._number}', 'clone', whole=False)

    def unclone(self) -> None:
        thing = self._one(lambda one: bool(one.clones))
        if thing is None:
            return
        name = self._chance.choice(sorted(thing.clones))
        self._rbd('rm', '--no-progress', name)
        del thing.clones[name]
        self.things = [one for one in self.things if one.spec != name]
        self._note(thing, f'{name} has gone')

    def throw_away(self) -> None:
        """Into the trash, by hand."""
        thing = self._one(lambda one: not one.trashed and (
            not one.needed or one.what == 'foreign'))
        if thing is None:
            return
        late = self._chance.random() < 0.3
        self._rbd('trash', 'mv', *(_FOR_LONG if late else ()), thing.spec)
        self._note(thing, 'thrown away', trashed=True, late=late)

    def cut_short(self) -> None:
        """It has lost its snapshot: nothing finds it any more."""
        thing = self._one(lambda one: one.needless and one.whole
                          and not one.trashed)
        if thing is None:
            return
        self._rbd('snap', 'unprotect', f'{thing.spec}@snap')
        self._rbd('snap', 'rm', '--no-progress', f'{thing.spec}@snap')
        self._note(thing, 'cut short', whole=False)

    def again(self) -> None:
        """Another of the name of one in the trash."""
        thing = self._one(lambda one: one.trashed and one.needless
                          and one.known and not self._is_taken(one.name))
        if thing is not None:
            self._write(self._create(thing.name, 'again', needed=False))

    def forget(self) -> None:
        """As ``glance-manage db purge`` does, when Glance has it deleted."""
        thing = self._one(lambda one: not one.needed and one.data is None)
        if thing is None or self._is_strange():
            return
        for table in ('image_locations', 'image_properties', 'image_tags'):
            self._api.sql(
                f"delete from {table} where image_id = '{thing.name}'")
        self._api.sql(f"delete from images where id = '{thing.name}'")
        for one in self.things:
            if one.name == thing.name and not one.namespace:
                self._note(one, 'forgotten', needed=True, known=False)

    def foreign(self) -> None:
        self._number += 1
        self._create(f'volume-{self._number}', 'foreign', whole=False)

    def in_namespace(self) -> None:
        """Of the name of an image, where no location leads to."""
        thing = self._one(lambda one: one.known and not self._is_taken(
            one.name, NAMESPACE))
        if thing is not None:
            self._create(thing.name, 'foreign', NAMESPACE, whole=False)

    def of_both(self) -> None:
        """Deleted here; the other has an image of that id."""
        thing = self.upload()
        hygiene_case.drop(self._api, thing.name)
        self._west.create_image(id=thing.name)
        self._note(thing, 'lost, and the other has it', data=None)

    # What they are made of.

    def _one(self, fits: Callable[[Thing], bool]) -> Thing | None:
        found = [one for one in self.things if fits(one)]
        return self._chance.choice(found) if found else None

    def _is_strange(self) -> bool:
        """With as many of which nobody knows, the pool would be another's."""
        return sum(not one.known for one in self.things) >= _FOR_GOOD - 1

    def _is_ours(self, thing: Thing) -> bool:
        return (thing.what.startswith('ours') and thing.needed
                and thing.name not in self._for_good)

    def _is_taken(self, name: str, namespace: str = '') -> bool:
        return any(one.name == name and one.namespace == namespace
                   and not one.trashed for one in self.things)

    def _uploaded(self, user: client.Client, what: str) -> Thing:
        data = self._chance.randbytes(self._chance.randint(2, _LARGEST))
        image_id = str(user.create_image(disk_format='raw')['id'])
        user.upload(image_id, data)
        return self._made(image_id, what, data=data)

    def _create(self, name: str, what: str, namespace: str = '',
                **facts: Any) -> Thing:
        self._rbd('create', '--size', '1M', '/'.join(filter(None, (
            POOL, namespace, name))))
        return self._made(name, what, namespace, **facts)

    def _write(self, thing: Thing) -> None:
        import rbd
        with self._cluster.ioctx(POOL) as ioctx:
            with rbd.Image(ioctx, thing.name) as image:
                image.write(self._chance.randbytes(_LARGEST), 0)
                image.create_snap('snap')
                image.protect_snap('snap')

    def _made(self, name: str, what: str, namespace: str = '',
              **facts: Any) -> Thing:
        import rbd
        with self._cluster.ioctx(POOL) as ioctx:
            ioctx.set_namespace(namespace)
            with rbd.Image(ioctx, name, read_only=True) as image:
                thing = Thing(what, str(image.id()), name, namespace, **facts)
        self.things.append(thing)
        self._note(thing, 'made')
        return thing

    def _note(self, thing: Thing, happened: str, **facts: Any) -> None:
        for name, value in facts.items():
            setattr(thing, name, value)
        if facts:
            thing.what += f', {happened}'
        self.told.append(f'{thing.id} {thing.spec} ({thing.what}): '
                         f'{happened}')

    def _rbd(self, *argv: object) -> None:
        self._cluster.rbd(*argv)


def lead_elsewhere(api: glance.GlanceApi, image_id: str, data: bytes) -> None:
    """What it has in the pool is not registered, what it has in files is."""
    path = api.store_dir('files') / image_id
    path.write_bytes(data)
    path.chmod(0o640)
    api.sql(f"update image_locations set value = 'file://{path}', meta_data = "
            f"""'{{"store": "files"}}' where image_id = '{image_id}'""")
