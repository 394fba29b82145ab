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
"""What the processes that read images can reach, and that it is no more.

The second wall: a fault in a reader, ours or qemu's, must not become a way
to the files and networks of the host. Every source and every sink says what
it needs (``Reach``); the child process gives up everything else before it
looks at the image, and qemu-img, which it starts, more again. Landlock and
seccomp do it, so that no privilege is needed and root is bound as well; where
there is no landlock, a root directory of its own does (``namespaces``).
"""

import dataclasses
import functools
import json
import os
import re
import sys
from typing import NoReturn

from glance_lifecycle import exceptions
from glance_lifecycle.transfer import landlock
from glance_lifecycle.transfer import limits
from glance_lifecycle.transfer import seccomp

REQUIRED, BEST_EFFORT = 'required', 'best-effort'

LANDLOCK, NAMESPACES = 'landlock', 'user name spaces'

# Where shared libraries lie: what a process may load, nothing secret.
_LIBRARIES = ('/lib', '/lib64', '/usr/lib', '/usr/lib64', '/usr/local/lib',
              '/etc/ld.so.cache')

# OpenSSL's configuration, by which a FIPS provider is found, and the clock.
_EVERYBODY = ('/etc/ssl/openssl.cnf', '/etc/pki/tls/openssl.cnf',
              '/etc/crypto-policies', '/proc/sys/crypto/fips_enabled',
              '/etc/localtime', '/dev/urandom')

# For a standard stream; qemu-img tries file locks on it.
_NOTHING = ('/dev/null', landlock.READ_FILE | landlock.WRITE_FILE)

# To find a host and to know whether it is the right one. Not /etc/ssl or
# /etc/pki as a whole: private keys lie there too.
_NETWORK = ('/etc/resolv.conf', '/etc/nsswitch.conf', '/etc/hosts',
            '/etc/host.conf', '/etc/gai.conf', '/etc/services',
            '/etc/protocols', '/run/systemd/resolve', '/run/NetworkManager',
            '/etc/ssl/certs', '/etc/ssl/cert.pem', '/etc/ssl/ca-bundle.pem',
            '/etc/pki/ca-trust', '/etc/pki/tls/certs',
            '/etc/pki/tls/cert.pem', '/usr/share/ca-certificates',
            '/usr/local/share/ca-certificates', '/var/lib/ca-certificates')

# What ``wall`` returns in this process, once it is confined.
_kept_by: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Reach:
    """What one source or sink needs beside descriptors that it was given.

    :ivar read: files, or directories with all that is in them
    :ivar write: directories in which regular files are made, read, changed
        and removed
    :ivar execute: programs it starts, whole paths
    :ivar modes: whether it changes the modes of files that it made
    :ivar network: whether it has sockets
    :ivar unbounded: nobody can say what it needs, so it is not confined
    """

    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    execute: tuple[str, ...] = ()
    modes: bool = False
    network: bool = False
    unbounded: bool = False

    def __or__(self, other: 'Reach') -> 'Reach':
        return Reach(self.read + other.read, self.write + other.write,
                     self.execute + other.execute,
                     self.modes or other.modes,
                     self.network or other.network,
                     self.unbounded or other.unbounded)


def wall(python: str = sys.executable) -> str:
    """What keeps other files out of reach here; empty: nothing does.

    :param python: interpreter that may be started to find out
    """
    if _kept_by is not None:
        return _kept_by
    if landlock.version():
        return LANDLOCK
    # Late, as below: with landlock, no child needs it.
    from glance_lifecycle.transfer import namespaces
    return NAMESPACES if namespaces.available(python) else ''


def lacking(python: str = sys.executable) -> list[str]:
    """What this kernel cannot do, in words; empty where it can do all.

    :param python: as for ``wall``
    """
    found = []
    if not wall(python):
        found.append('landlock, which keeps other files out of reach '
                     '(Linux 5.13 with "landlock" in the lsm= list), and '
                     'user name spaces, which could do it instead')
    if not seccomp.available():
        found.append('seccomp filters, which keep networks and other '
                     'processes out of reach (x86_64 and aarch64)')
    return found


def enter(reach: Reach, mode: str, image: int, *scratch: int) -> None:
    """Confine this process, for good. It must have one thread only.

    :param mode: REQUIRED or BEST_EFFORT, which does what the kernel can
    :param image: its descriptor, which is of use as it is; a program that is
        started may open it once more. -1: none
    :param scratch: descriptors of files that such a program may write
    :raises ConfigurationError: it is required and cannot be done
    :raises SourceError: the image was removed meanwhile
    :raises InternalError: other threads would stay free
    """
    global _kept_by
    if reach.unbounded:
        if mode == REQUIRED:
            _refuse('one of the stores is used through its glance_store '
                    'driver, which may open anything')
        return
    if len(os.listdir('/proc/self/task')) != 1:
        raise exceptions.InternalError(
            detail='a process with threads cannot be confined.')
    rules = [*_reading(_LIBRARIES), *_reading(_EVERYBODY),
             *_reading(_python()), *_reading(reach.read),
             _NOTHING]
    rules += [(path, landlock.WRITE) for path in reach.write]
    for program in reach.execute:
        rules += _executing(program)
    denied = [seccomp.ALWAYS]
    if reach.network:
        rules += _reading(_NETWORK)
    else:
        denied.append(seccomp.NETWORK)
    if not reach.modes:
        denied.append(seccomp.MODES)
    _kept_by = _possible(rules, reach.network, image)
    if mode == REQUIRED and (lacks := lacking()):
        _refuse('this kernel lacks %s' % ' and '.join(lacks))
    if _kept_by == NAMESPACES:
        _leave(rules, denied, reach, image, *scratch)
        return
    if reach.execute:
        rules += _handed_over(image, *scratch)
    _restrict(rules, denied, reach)


def _refuse(why: str) -> NoReturn:
    raise exceptions.ConfigurationError(
        detail='[lifecycle_transfer] confinement is "required", but %s. Set '
        'it to "best-effort" to import all the same.' % why)


def converter(program: str, reads: int, writes: int) -> limits.Walls:
    """For ``limits.command``: a program on two descriptors, nothing else.

    It opens the two by their links in /proc/self/fd. Beside them it can
    read itself and the libraries that it is linked with.

    :returns: a landlock ruleset, which the caller closes, -1 where there is
        no landlock; a seccomp filter, empty where there is none; and a root
        of its own, where that is to stand in for landlock
    :raises ConfigurationError: it is a script: what else that would start
        is not known
    """
    with open(program, 'rb') as stream:
        if stream.read(2) == b'#!':
            raise exceptions.ConfigurationError(
                detail='[lifecycle_transfer] qemu_img is a script. Set it '
                'to the program itself, which alone may run confined.')
    rules: list[tuple[str | int, int]] = [
        *_handed_over(reads, writes), *_executing(program),
        *((path, landlock.READ_FILE) for path in linked(program)),
        ('/etc/ld.so.cache', landlock.READ_FILE), _NOTHING]
    filters = b''
    if seccomp.available():
        filters = seccomp.program(seccomp.ALWAYS, seccomp.NETWORK,
                                  seccomp.CONVERTER, others=())
    if wall() == NAMESPACES:
        return -1, filters, json.dumps({
            'rules': [*_mounted(rules), ('/proc/self/fd', False)],
            'reads': _given(reads)})
    return landlock.ruleset(rules) if wall() else -1, filters, ''


@functools.cache
def linked(program: str) -> tuple[str, ...]:
    """The files that the loader maps for a program, its own self first.

    The program is not run: this is how ldd asks. Empty for a static one.
    """
    # Late: only some formats start a program, and each child would pay.
    import subprocess
    said = subprocess.run(
        [program], env={'LD_TRACE_LOADED_OBJECTS': '1'}, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL).stdout.decode(errors='replace')
    found = re.findall(r'^[^\S\n]*(/\S+) \(0x', said, re.M)
    found += re.findall(r'=> (/\S+) \(0x', said)
    # Loaded by the C library itself when a thread is ended.
    found += [os.path.join(os.path.dirname(path), 'libgcc_s.so.1')
              for path in found if '/libc.so' in path]
    return tuple(dict.fromkeys(found))


def _executing(program: str) -> list[tuple[str | int, int]]:
    """The program, and the loader that the kernel starts for it."""
    return [(path, landlock.EXECUTE | landlock.READ_FILE) for path in (
        program, *(path for path in linked(program)
                   if os.path.basename(path).startswith('ld')))]


def _handed_over(image: int, *scratch: int) -> list[tuple[str | int, int]]:
    """These very files, under whatever names or none."""
    changed = landlock.READ_FILE | landlock.WRITE_FILE | landlock.TRUNCATE
    return [(fd, rights) for fd, rights in (
        (image, landlock.READ_FILE), *((fd, changed) for fd in scratch))
        if fd >= 0]


def _reading(paths: tuple[str, ...]) -> list[tuple[str | int, int]]:
    return [(path, landlock.READ) for path in paths]


def _python() -> tuple[str, ...]:
    """The standard library, installed packages, and this very one.

    All that is not imported yet is imported when it is first needed.
    """
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return (*(path for path in sys.path if path), package,
            os.path.join(sys.prefix, 'pyvenv.cfg'),
            os.path.join(sys.base_prefix, 'lib'),
            os.environ.get('OPENSSL_CONF', '/etc/ssl/openssl.cnf'))


def _given(fd: int) -> list[int]:
    return [fd] if fd >= 0 else []


def _possible(rules: list[tuple[str | int, int]], network: bool,
              image: int) -> str:
    """As ``wall``; a fork of this process tries these very rules."""
    if landlock.version():
        return LANDLOCK
    from glance_lifecycle.transfer import namespaces
    possible = namespaces.possible(_mounted(rules), network=network,
                                   reads=_given(image))
    return NAMESPACES if possible else ''


def _mounted(rules: list[tuple[str | int, int]]) -> list[tuple[str, bool]]:
    """The same for name spaces; what is open already needs no path."""
    return [(where, bool(rights & landlock.WRITE_FILE))
            for where, rights in rules if isinstance(where, str)]


def _leave(rules: list[tuple[str | int, int]], denied: list[seccomp.Calls],
           reach: Reach, image: int, writes: int = -1) -> None:
    """For a root of its own; afterwards it cannot start a program."""
    from glance_lifecycle.transfer import namespaces
    others = []
    if reach.execute:
        from glance_lifecycle.transfer import held
        # It is the last of them that gets the image.
        walls = converter(reach.execute[-1], image, writes)
        others.append(held.hold(walls, (image, writes)))
    try:
        namespaces.enter(_mounted(rules), network=reach.network,
                         reads=_given(image))
    except namespaces.NoName as error:
        raise exceptions.SourceError(
            detail='the file was removed or replaced while its import '
            'began. If the image was not deleted, import it again.'
        ) from error
    limits.restrict(-1, _program(
        [*denied, seccomp.MAKING, seccomp.RUNNING], others))


def _restrict(rules: list[tuple[str | int, int]],
              denied: list[seccomp.Calls], reach: Reach) -> None:
    # Who starts a program must be able to stop it.
    program = _program(denied, None if reach.execute else [],
                       forks=bool(reach.execute))
    if not landlock.version():
        limits.restrict(-1, program)
        return
    ruleset = landlock.ruleset(rules, network=reach.network)
    try:
        limits.restrict(ruleset, program)
    finally:
        os.close(ruleset)


def _program(denied: list[seccomp.Calls],
             others: list[int] | None, *, forks: bool = False) -> bytes:
    if not seccomp.available():
        return b''
    return seccomp.program(*denied, others=others, forks=forks)
