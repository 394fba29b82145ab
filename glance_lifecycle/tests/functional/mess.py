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

"""Two years of mess in the file stores of a Glance, and what of it is what.

By a seed, and bounded. What it leaves in the stores is what clouds are full
of: objects whose image was deleted while the store failed, uploads that died,
copies that nobody knows, another region's images, files of strangers, missing
and truncated objects. A manifest says exactly what no image needs, and what
must stay.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import hashlib
import json
import pathlib
import random
import time
from typing import Any
from typing import Protocol
import uuid

from glance_lifecycle.audit.hygiene import claims
from glance_lifecycle.audit.hygiene import exporting

#: Bytes of an object, at most.
LARGEST = 64 * 1024

#: Images that are made for each piece of mess, at most: more are a burden for
#: a cloud, and show nothing more.
MOST = 1000

#: Of the other Glance that uses the same store.
REGION = 'west'


class Cloud(Protocol):
    """The Glance, by its API; its first store is the one that it uploads to.
    """

    def upload(self, image_id: str, data: bytes) -> None:
        """Make an active image of that id."""

    def delete(self, image_id: str) -> None:
        """Delete it."""


@dataclasses.dataclass(frozen=True)
class Wishes:
    """:ivar seed: the same mess comes of the same
    :ivar number: of each kind of mess
    :ivar largest: bytes of an object
    :ivar export: file that is written with what the other region needs
    """

    seed: int
    number: int
    export: pathlib.Path
    largest: int = LARGEST


@dataclasses.dataclass(frozen=True)
class Thing:
    """One file.

    :ivar what: how it came to be
    :ivar sha256: of its content; empty for what is no file
    """

    what: str
    store: str
    path: str
    image: str
    size: int
    sha256: str


@dataclasses.dataclass
class Manifest:
    """What is there now because of us.

    :ivar needless: what can go
    :ivar stay: what must stay as it is
    :ivar missing: images whose object is gone
    """

    seed: int
    export: str
    needless: list[Thing] = dataclasses.field(default_factory=list)
    stay: list[Thing] = dataclasses.field(default_factory=list)
    missing: list[str] = dataclasses.field(default_factory=list)

    @property
    def held(self) -> int:
        """Bytes that can go."""
        return sum(one.size for one in self.needless)

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self), indent=1)


class NotTheOne(Exception):
    """The stores are not those of the Glance that answers."""


@dataclasses.dataclass(frozen=True)
class _Location:

    url: str
    store: str = ''
    status: str = 'active'


@dataclasses.dataclass(frozen=True)
class _Image:
    """As another Glance's database has it."""

    id: str
    status: str = 'active'
    size: int | None = 1
    hashed: bool = True
    deleted: bool = False
    created: float = 0.0
    changed: float = 0.0
    busy: bool = False
    locations: Sequence[_Location] = ()


class _Region:
    """The other Glance, as an export asks it."""

    def __init__(self, ids: Sequence[str]) -> None:
        self._ids = ids

    def images(self) -> Iterator[claims.Image]:
        yield from map(_Image, self._ids)

    def busy(self) -> frozenset[str]:
        return frozenset()


class Mess:
    """:param stores: name -> directory; that of the default store first

    :param said: is told what was made, and how many
    """

    def __init__(self, cloud: Cloud, stores: Mapping[str, pathlib.Path],
                 wishes: Wishes,
                 said: Callable[[str, int], None] = lambda what, number: None
                 ) -> None:
        if not 0 < wishes.number <= MOST:
            raise ValueError('the number must be 1 to %d' % MOST)
        self._cloud = cloud
        self._stores = stores
        self._default, *self._others = stores
        self._wishes = wishes
        self._said = said
        # No secret: the same mess comes of the same seed.
        self._random = random.Random(wishes.seed)  # noqa: S311
        self._theirs: list[str] = []
        self.manifest = Manifest(wishes.seed, str(wishes.export))

    def make(self) -> Manifest:
        """All of it.

        :raises NotTheOne: nothing but one image was made, and deleted
        """
        self._check()
        made: list[tuple[str, Callable[[], None]]] = [
            ('images that all is well with', self._good),
            ('objects of images that are deleted', self._orphan),
            ('uploads that died', self._unfinished),
            ('copies that nobody knows', self._unregistered),
            ('images of another region', self._of_another),
            ('images deleted here, and needed there', self._of_both),
            ('files of strangers', self._foreign)]
        if not self._others:
            made = [one for one in made if one[1] != self._unregistered]
        for what, make in made:
            for _ in range(self._wishes.number):
                make()
            self._said(what, self._wishes.number)
        # More would look like a store that is not mounted.
        for what, make in (('missing objects', self._missing),
                           ('truncated copies', self._truncated)):
            few = max(1, self._wishes.number // 4)
            for _ in range(few):
                make()
            self._said(what, few)
        self.export()
        return self.manifest

    def export(self) -> None:
        """Write what the other region needs, anew: as of now."""
        self._wishes.export.unlink(missing_ok=True)
        # In whole seconds: not before what was written just now.
        exporting.export(_Region(self._theirs), self._wishes.export, REGION,
                         time.time() + 1, None)

    def _check(self) -> None:
        image_id, data = self._uploaded()
        path = self._path(image_id)
        found = path.is_file() and path.read_bytes() == data
        self._cloud.delete(image_id)
        if not found:
            raise NotTheOne('What this Glance uploads is not in %s.'
                            % path.parent)

    # Each makes one.

    def _good(self) -> None:
        image_id, _data = self._uploaded()
        self._stays('good', self._default, self._path(image_id), image_id)

    def _orphan(self) -> None:
        image_id, data = self._deleted()
        self._goes('orphan', self._default, self._write(
            self._path(image_id), data), image_id)

    def _unfinished(self) -> None:
        image_id, data = self._deleted()
        store = self._random.choice(list(self._stores))
        self._goes('unfinished', store, self._write(
            self._stores[store] / ('.%s.lifecycle' % image_id),
            data[:self._random.randrange(len(data))]), image_id)

    def _unregistered(self) -> None:
        image_id, data = self._uploaded()
        self._stays('good', self._default, self._path(image_id), image_id)
        store = self._random.choice(self._others)
        self._goes('unregistered', store, self._write(
            self._path(image_id, store), data), image_id)

    def _of_another(self) -> None:
        image_id = self._id()
        self._theirs.append(image_id)
        self._stays('another region', self._default, self._write(
            self._path(image_id), self._data()), image_id)

    def _of_both(self) -> None:
        """Two catalogues have the id; the object is what the other needs."""
        image_id, data = self._deleted()
        self._theirs.append(image_id)
        self._stays('both regions', self._default, self._write(
            self._path(image_id), data), image_id)

    def _foreign(self) -> None:
        store = self._random.choice(list(self._stores))
        name = self._random.choice((
            'README-%d', 'image-%d.qcow2', '.%d.swp', 'a b %d',
            'lost+found-%d')) % self._random.getrandbits(32)
        self._stays('foreign', store, self._write(
            self._stores[store] / name, self._data()), '')

    def _missing(self) -> None:
        image_id, _data = self._uploaded()
        self._path(image_id).unlink()
        self.manifest.missing.append(image_id)

    def _truncated(self) -> None:
        image_id, data = self._uploaded()
        self._stays('truncated', self._default, self._write(
            self._path(image_id), data[:len(data) // 2]), image_id)

    # What they are made of.

    def _id(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def _data(self) -> bytes:
        return self._random.randbytes(
            self._random.randint(2, self._wishes.largest))

    def _uploaded(self) -> tuple[str, bytes]:
        image_id, data = self._id(), self._data()
        self._cloud.upload(image_id, data)
        return image_id, data

    def _deleted(self) -> tuple[str, bytes]:
        """One whose object has to be put back."""
        image_id, data = self._uploaded()
        self._cloud.delete(image_id)
        return image_id, data

    def _path(self, image_id: str, store: str = '') -> pathlib.Path:
        return self._stores[store or self._default] / image_id

    def _write(self, path: pathlib.Path, data: bytes) -> pathlib.Path:
        path.write_bytes(data)
        path.chmod(self._random.choice((0o640, 0o644, 0o600)))
        return path

    def _goes(self, what: str, store: str, path: pathlib.Path,
              image_id: str) -> None:
        self.manifest.needless.append(_thing(what, store, path, image_id))

    def _stays(self, what: str, store: str, path: pathlib.Path,
               image_id: str) -> None:
        self.manifest.stay.append(_thing(what, store, path, image_id))


def _thing(what: str, store: str, path: pathlib.Path, image_id: str
           ) -> Thing:
    data = path.read_bytes()
    return Thing(what, store, str(path), image_id, len(data),
                 hashlib.sha256(data).hexdigest())


def load(text: str) -> Manifest:
    found: dict[str, Any] = json.loads(text)
    for name in ('needless', 'stay'):
        found[name] = [Thing(**one) for one in found[name]]
    return Manifest(**found)


def wrong(manifest: Manifest) -> list[str]:
    """What must stay, and is not as it was."""
    return [one.path for one in manifest.stay if not _is_as_it_was(one)]


def left(manifest: Manifest) -> list[str]:
    """What can go, and is there; and as it was."""
    return [one.path for one in manifest.needless if _is_as_it_was(one)]


def _is_as_it_was(one: Thing) -> bool:
    path = pathlib.Path(one.path)
    return path.is_file() and hashlib.sha256(
        path.read_bytes()).hexdigest() == one.sha256
