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

"""A root directory of its own for a process, where there is no landlock.

An empty file system in memory, into which exactly the files and directories
that the process may open are mounted, takes the place of the root; the old
one is taken away. In a user name space, so that no privilege is needed; root
too goes into one, because the kernel keeps processes of another user name
space apart: no link in /proc leads through them. Sources: mount_namespaces(7),
user_namespaces(7), pivot_root(2).

Nothing here imports anything of this package: ``limits`` loads it by its path.
Run as a program, it tells whether this works here: by its exit status.
"""

from collections.abc import Iterable
import ctypes
import functools
import os
import stat

_NEWNS, _NEWIPC, _NEWUSER, _NEWNET = (0x20000, 0x8000000, 0x10000000,
                                      0x40000000)

_RDONLY, _NOSUID, _NODEV, _NOEXEC = 1, 2, 4, 8
_REMOUNT, _NOSYMFOLLOW, _BIND, _REC, _SLAVE = 32, 256, 4096, 16384, 1 << 19
_DETACH = 2
# What a mount has and must keep: another name space's is locked.
_KEPT = {'ro': _RDONLY, 'nosuid': _NOSUID, 'nodev': _NODEV,
         'noexec': _NOEXEC, 'nosymfollow': _NOSYMFOLLOW}

_PR_CAPBSET_DROP, _PR_CAP_AMBIENT, _CLEAR_ALL = 24, 47, 4
_CAPABILITIES_VERSION = 0x20080522
_SETGID, _SETUID = 1 << 6, 1 << 7
# chown, dac_override, dac_read_search, fowner, fsetid: how root opens the
# files of others, of those that are within reach.
_OF_FILES = 0b11111

# Where the new root is made, and the old one kept meanwhile. It is there,
# because the ids are mapped through it.
_HERE, _OLD = '/proc', '/.old'

# Where a file that is handed over is, by its descriptor.
HANDED = '/.handed-%d'

# Their texts are read to tell whether two processes share a name space.
_TEXTS = ('/proc/self/ns/net', '/proc/self/ns/pid')

_TOO_MANY_LINKS = 40

# A path, and whether it and what is beneath it may be changed.
Rule = tuple[str, bool]


class NoName(OSError):
    """An open file cannot be found any more by the name that it had."""


def enter(rules: Iterable[Rule], *, network: bool = False,
          reads: Iterable[int] = ()) -> None:
    """Leave everything but these behind, for good.

    The process must have one thread, and no descriptor of a directory: from
    it, ``..`` would lead into the old root. Files that are open stay so; they
    can be opened anew where /proc/self/fd is one of the paths. And for
    writing too, by whoever may write them: the link leads to the mount that
    the file was opened on, which is none of these. So a file that is to be
    read only is opened anew, on a mount that cannot be written.

    Not all that landlock denies is denied: in a directory that may be
    changed, files of any kind can be made. That is for seccomp.

    :param rules: a path that is not there is left out
    :param network: whether the process stays in the network that it is in;
        otherwise it is in one of its own, which is empty
    :param reads: descriptors of regular files that are to be read only
    :raises NoName: one of them was renamed or removed meanwhile
    :raises OSError: it cannot be done; the process may be halfway, and must
        not go on
    """
    for text in os.listdir('/proc/self/fd'):
        _no_directory(int(text))
    names = {fd: _name(fd) for fd in reads}
    links: dict[str, str] = {}
    found = _found(rules, links)
    kept = _unshare(_NEWNS | _NEWIPC | (0 if network else _NEWNET))
    _mount(None, '/', None, _REC | _SLAVE)
    _mount('tmpfs', _HERE, 'tmpfs', _NOSUID | _NODEV | _NOEXEC, b'mode=0755')
    os.mkdir(_HERE + _OLD)
    _call('pivot_root', _HERE.encode(), (_HERE + _OLD).encode())
    os.chdir('/')
    for path in sorted(found):
        source = _OLD + path
        _make_room(path, stat.S_ISDIR(os.stat(source).st_mode))
        _mount(source, path, None, _BIND | _REC)
    for path, text in links.items():
        if _above(path, found) is None:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.symlink(text, path)
    for fd, name in names.items():
        _open_anew(fd, _OLD + name)
    with open(_OLD + '/proc/self/mountinfo', 'rb') as mounts:
        _call('umount2', _OLD.encode(), _DETACH)
        os.rmdir(_OLD)
        for line in mounts:
            _close_down(line.split(), found)
    _mount(None, '/', None,
           _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV | _NOEXEC)
    _drop_capabilities(kept)


def possible(rules: Iterable[Rule], *, network: bool = False,
             reads: Iterable[int] = ()) -> bool:
    """Whether ``enter`` would succeed: a fork of this process tries.

    It must have one thread. A file without a name says nothing of the kernel:
    who removes an image in time must not have it read without walls.
    """
    pid = os.fork()
    if not pid:
        code = 1
        try:
            enter(rules, network=network, reads=reads)
            code = 0
        except NoName:
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1] == 0


@functools.cache
def available(python: str) -> bool:
    """Whether a process can have a root of its own on this host.

    :param python: interpreter that tries it, in a process of its own
    """
    # Late: a child that tries it itself has no use for it.
    import subprocess
    try:
        return subprocess.run(
            [python, '-I', '-S', os.path.abspath(__file__)], check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def _no_directory(fd: int) -> None:
    try:
        status = os.fstat(fd)
    except OSError:
        # That of the listing itself.
        return
    if stat.S_ISDIR(status.st_mode):
        raise OSError('descriptor %d is of a directory.' % fd)


def _name(fd: int) -> str:
    """:raises NoName: there is none that leads to this very file"""
    name = os.readlink('/proc/self/fd/%d' % fd)
    try:
        same = os.path.samestat(os.lstat(name), os.fstat(fd))
    except OSError:
        same = False
    if not same:
        raise NoName('descriptor %d has no name any more.' % fd)
    return name


def _open_anew(fd: int, name: str) -> None:
    """Put the same file, on a mount that cannot be written, in its place."""
    place = HANDED % fd
    _make_room(place, False)
    try:
        _mount(name, place, None, _BIND)
    except FileNotFoundError as error:
        raise NoName('descriptor %d has no name any more.' % fd) from error
    _mount(None, place, None,
           _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV | _NOEXEC)
    opened = os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
                     | os.O_NONBLOCK)
    if not os.path.samestat(os.fstat(opened), os.fstat(fd)):
        raise NoName('descriptor %d has no name any more.' % fd)
    os.set_blocking(opened, True)
    os.dup2(opened, fd, inheritable=os.get_inheritable(fd))
    os.close(opened)


def _found(rules: Iterable[Rule], links: dict[str, str]) -> dict[str, bool]:
    """The real paths that are there, without those beneath others.

    :param links: all symbolic links on the way to them are put there
    """
    every: dict[str, bool] = {}
    for rule, writable in rules:
        path = _real(rule, links)
        if path is not None:
            every[path] = every.get(path, False) or writable
    for path in _TEXTS:
        _real(path, links)
    if '/' in every:
        # It is no place to mount on.
        writable = every.pop('/')
        for name in os.listdir('/'):
            every.setdefault('/' + name, writable)
    found: dict[str, bool] = {}
    for path, writable in sorted(every.items()):
        above = _above(path, found)
        if above is None or (writable and not found[above]):
            found[path] = writable
    return found


def _real(path: str, links: dict[str, str]) -> str | None:
    """As os.path.realpath; None where there is nothing."""
    left = os.path.join(os.getcwd(), path).split('/')[::-1]
    at, followed = '', 0
    while left:
        name = left.pop()
        if name == '..':
            at = os.path.dirname(at).rstrip('/')
        if name in ('', '.', '..'):
            continue
        here = at + '/' + name
        try:
            if not stat.S_ISLNK(os.lstat(here).st_mode):
                at = here
                continue
            text = links[here] = os.readlink(here)
        except OSError:
            # Missing, or this process could not open it anyway.
            return None
        followed += 1
        if followed > _TOO_MANY_LINKS:
            return None
        if text.startswith('/'):
            at = ''
        left += text.split('/')[::-1]
    return at or '/'


def _above(path: str, found: dict[str, bool]) -> str | None:
    """The nearest of them that is the path or a directory above it."""
    while path != '/':
        if path in found:
            return path
        path = os.path.dirname(path)
    return None


def _make_room(path: str, directory: bool) -> None:
    """A place to mount on, unless a mount above has it already."""
    if os.path.lexists(path):
        return
    os.makedirs(path if directory else os.path.dirname(path), exist_ok=True)
    if not directory:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _close_down(mount: list[bytes], found: dict[str, bool]) -> None:
    """Take away what a mount is not needed for.

    :param mount: fields of a line of mountinfo, see proc(5)
    """
    # A codec could not be loaded any more. Blanks and such are octal.
    first, *rest = mount[4].split(b'\\')
    path = os.fsdecode(first + b''.join(
        bytes((int(part[:3], 8),)) + part[3:] for part in rest))
    above = _above(path, found)
    if above is None:
        # The root itself.
        return
    try:
        device = stat.S_ISCHR(os.stat(path).st_mode)
    except (PermissionError, FileNotFoundError):
        # Deep inside, and out of reach already.
        return
    flags = _REMOUNT | _BIND | _NOSUID | (0 if device else _NODEV)
    # Nothing that it writes can be run, or mapped as code.
    flags |= _NOEXEC if found[above] else _RDONLY
    for word in mount[5].decode().split(','):
        flags |= _KEPT.get(word, 0)
    _mount(None, path, None, flags)


def _unshare(spaces: int) -> int:
    """Into new name spaces, as the user and the groups that it has.

    :returns: the capabilities to keep
    """
    effective = _effective()
    if not effective & _SETUID or not effective & _SETGID:
        _call('unshare', _NEWUSER | spaces)
    elif _unshare_privileged(spaces):
        return effective & _OF_FILES
    user, group = os.geteuid(), os.getegid()
    for name, text in (('setgroups', 'deny'),
                       ('uid_map', '%d %d 1' % (user, user)),
                       ('gid_map', '%d %d 1' % (group, group))):
        with open('/proc/self/' + name, 'w') as stream:
            stream.write(text)
    return 0


def _unshare_privileged(spaces: int) -> bool:
    """Root keeps its rights to the files of others, if all ids are mapped.

    Only a process that is left outside may map them.

    :returns: whether they are
    """
    texts = []
    for name in ('uid_map', 'gid_map'):
        with open('/proc/self/' + name) as stream:
            texts.append((name, ''.join(
                '%s %s %s\n' % (line.split()[0], *line.split()[::2])
                for line in stream)))
    who, (begin, begun) = os.getpid(), os.pipe()
    pid = os.fork()
    if not pid:
        code = 1
        try:
            os.close(begun)
            os.read(begin, 1)
            for name, text in texts:
                with open('/proc/%d/%s' % (who, name), 'w') as stream:
                    stream.write(text)
            code = 0
        finally:
            os._exit(code)
    try:
        os.close(begin)
        _call('unshare', _NEWUSER | spaces)
    finally:
        os.close(begun)
        status = os.waitpid(pid, 0)[1]
    return status == 0


def _effective() -> int:
    """The capabilities of this process."""
    header, data = _capability_words()
    _call('capget', header, data)
    return int(data[0] | data[3] << 32)


def _drop_capabilities(kept: int) -> None:
    """All but these; nothing that is started has more."""
    libc = ctypes.CDLL(None, use_errno=True)
    number = 0
    # It fails behind the last one that the kernel knows.
    while not libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0):
        number += 1
    _call('prctl', _PR_CAP_AMBIENT, _CLEAR_ALL, 0, 0, 0)
    header, data = _capability_words()
    data[0] = data[1] = kept
    _call('capset', header, data)


def _capability_words() -> tuple[ctypes.Array[ctypes.c_uint32], ...]:
    """capset(2)'s header and data: effective, permitted, inheritable; twice.
    """
    return ((ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0),
            (ctypes.c_uint32 * 6)())


def _mount(source: str | None, target: str, kind: str | None, flags: int,
           data: bytes | None = None) -> None:
    _call('mount', *(None if text is None else os.fsencode(text)
                     for text in (source, target, kind)),
          ctypes.c_ulong(flags), data)


def _call(name: str, *arguments: object) -> None:
    """:raises OSError: it fails"""
    libc = ctypes.CDLL(None, use_errno=True)
    # Not every C library has a name for it.
    number = {'pivot_root': {'x86_64': 155, 'aarch64': 41}}.get(name)
    done = (libc.syscall(number[os.uname().machine], *arguments) if number
            else getattr(libc, name)(*arguments))
    if done:
        code = ctypes.get_errno()
        raise OSError(code, '%s: %s' % (name, os.strerror(code)))


if __name__ == '__main__':
    enter([('/proc/self/fd', False), ('/dev/null', True)])
