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

"""What stands beside Glance on a host: Nova, Cinder, and Ceph's clients.

Their files are read within the limits of Glance's own. Nobody needs them: what
is not at hand is not judged.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import functools
import os
import pathlib

from glance_lifecycle.audit.doctor import ceph as cephs
from glance_lifecycle.audit.doctor import files
from glance_lifecycle.audit.doctor import ini
from glance_lifecycle.audit.doctor import reading
from glance_lifecycle.audit.doctor import service

NOVA = service.NOVA
CINDER = service.CINDER

_MOST_FILES = 100

# Below the directory of a host: as it is there, beside glance-api.conf, as
# DevStack's compute, in kolla's containers, and as TripleO made them.
_TRIPLEO = 'var/lib/config-data/puppet-generated'
_PLACES = (
    (NOVA, 'nova.conf'), (NOVA, 'nova/nova.conf'),
    (NOVA, 'etc/nova/nova.conf'), (NOVA, 'etc/nova/nova-cpu.conf'),
    (NOVA, 'etc/kolla/nova-compute/nova.conf'),
    (NOVA, _TRIPLEO + '/nova_libvirt/etc/nova/nova.conf'),
    (CINDER, 'cinder.conf'), (CINDER, 'cinder/cinder.conf'),
    (CINDER, 'etc/cinder/cinder.conf'),
    (CINDER, 'etc/kolla/cinder-volume/cinder.conf'),
    (CINDER, _TRIPLEO + '/cinder/etc/cinder/cinder.conf'),
)
# Whose programs read a directory of their own after that of the project.
_PROGRAMS = {'nova.conf': 'nova-compute.conf',
             'cinder.conf': 'cinder-volume.conf'}
_ROOT = pathlib.Path('/')


@dataclasses.dataclass(frozen=True)
class Given:
    """What the command line names, beside the directories of hosts.

    :ivar nova: name of the host, and its nova.conf
    :ivar own: this host's own /etc is looked at as well
    """

    nova: Sequence[tuple[str, pathlib.Path]] = ()
    cinder: Sequence[tuple[str, pathlib.Path]] = ()
    ceph: Sequence[pathlib.Path] = ()
    uwsgi: Sequence[pathlib.Path] = ()
    own: bool = False

    @property
    def services(self) -> list[tuple[str, pathlib.Path]]:
        return [*((NOVA, path) for _name, path in self.nova),
                *((CINDER, path) for _name, path in self.cinder)]

    @functools.cached_property
    def confs(self) -> tuple[cephs.Place, ...]:
        return tuple(cephs.Named(path) for path in self.ceph)

    @functools.cached_property
    def read(self) -> 'Read':
        """Once, for however many hosts."""
        found = Read()
        for kind, named in ((NOVA, self.nova), (CINDER, self.cinder)):
            for name, path in named:
                near = [cephs.Below(path.parent, path.parent)]
                if path.parent.name == kind:
                    near.append(cephs.Below(path.parent.parent,
                                           path.parent.parent))
                found.add(kind, name, path, None, [*near, *self.confs])
                if not path.exists() and not path.is_symlink():
                    found.broken.append(files.File(
                        str(path), ini.Parsed(), 'There is no such file.'))
        for path in (*self.ceph, *self.uwsgi):
            try:
                reading.text(path, None)
            except FileNotFoundError:
                found.broken.append(files.File(
                    str(path), ini.Parsed(), 'There is no such file.'))
            except reading.Unreadable as error:
                found.broken.append(files.File(
                    str(path), ini.Parsed(), error.reason))
        return found


class Read:
    """What was read.

    :ivar broken: files that are there, and could not be used
    """

    def __init__(self) -> None:
        self.services: list[service.Service] = []
        self.broken: list[files.File] = []

    def add(self, kind: str, name: str, path: pathlib.Path,
            within: pathlib.Path | None, confs: Sequence[cephs.Place]) -> None:
        """A file, and those that oslo.config reads after it."""
        read = []
        for one in (path, *_more(path)):
            shown = str(one)
            try:
                read.append(files.File(shown, ini.parse(
                    reading.text(one, within), shown)))
            except FileNotFoundError:
                continue
            except reading.Unreadable as error:
                self.broken.append(files.File(
                    shown, ini.Parsed(), error.reason))
        if read:
            self.services.append(service.Service(kind, name, read, confs))


class Beside:
    """All that stands beside Glance on one host.

    :ivar services: of Nova and Cinder
    :ivar uwsgi: files of uWSGI that the command line names
    :ivar broken: files that are there, and could not be used
    """

    def __init__(self, name: str, directory: files.Directory, given: Given
                 ) -> None:
        within = directory.root
        root = _ROOT if within is None and given.own else within
        own = [cephs.Below(directory.path, within or directory.path)]
        if root is not None:
            own.append(cephs.Below(root, within))
        places = (*own, *given.confs)
        self._confs = cephs.Places(places)
        self._given = given.confs
        self.uwsgi = given.uwsgi
        self._directories: list[tuple[pathlib.Path, pathlib.Path | None]] = [
            (directory.path, within or directory.path)]
        if root is not None:
            self._directories.append((root / 'etc/ceph', within))
        found = Read()
        base: pathlib.Path
        inside: pathlib.Path | None
        for kind, place in _PLACES:
            if root is None:
                # A directory that was named, and is nobody's root.
                base, inside, here = (directory.path, directory.path,
                                      '/' not in place)
            else:
                # Of this host, only what is at its own place.
                base, inside, here = root, within, (
                    within is not None or place.startswith('etc/'))
            path = base / place
            if here and (kind, path) not in given.services:
                found.add(kind, name, path, inside, (
                    cephs.Below(path.parent, inside or path.parent),
                    *places[1:]))
        self.services = (*found.services, *given.read.services)
        # This host's own may well belong to another user.
        self.broken = (*(() if root == _ROOT else found.broken),
                       *given.read.broken)

    def of(self, kind: str) -> Iterator[service.Service]:
        return (one for one in self.services if one.kind == kind)

    def ceph_conf(self, named: str) -> cephs.Conf | None:
        """The ceph.conf that Glance reads by this name, if at hand."""
        return self._confs.conf(named)

    @functools.cached_property
    def cephs_at_hand(self) -> list[cephs.Conf]:
        """All that are at hand, once."""
        found = [self.ceph_conf(''),
                 *(one.ceph_conf('') for one in self.services),
                 *(one.conf(cephs.DEFAULT, True) for one in self._given)]
        return list({one.path: one for one in found if one}.values())

    @functools.cached_property
    def keyrings(self) -> list[cephs.Conf]:
        """Keyrings of Ceph that can be read: those say what a key may."""
        return [found for directory, within in self._directories
                for path in _glob(directory, '*.keyring')
                if (found := cephs.read(path, within)) is not None]


def _glob(directory: pathlib.Path, pattern: str) -> list[pathlib.Path]:
    try:
        return sorted(directory.glob(pattern))[:_MOST_FILES]
    except OSError:
        return []


def _more(path: pathlib.Path) -> Iterator[pathlib.Path]:
    program = _PROGRAMS.get(path.name)
    # Debian and Ubuntu start nova-compute with both.
    own = path.with_name('nova-compute.conf')
    if path.name == 'nova.conf' and path.is_file() and own.is_file():
        yield own
    for name in (path.name, program) if program else (path.name,):
        directory = path.with_name('%s.d' % name)
        if os.path.isdir(directory):
            yield from (one for one in _glob(directory, '*.conf')
                        if not one.name.startswith('.'))
