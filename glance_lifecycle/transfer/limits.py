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

"""Run one program under limits, and let it die with its parent.

Run as a program, in a fresh interpreter (nothing here imports anything of
this package)::

    python -I -S limits.py PARENT_PID as=BYTES cpu=SECONDS ... -- CMD ARGS

The limits are set before the program starts, so it never parses a hostile
byte without them, and no code runs between fork and exec in a process that
has threads. Three more of the arguments confine it: ``landlock=DESCRIPTOR``,
a ruleset that it inherits, ``root=JSON``, what it finds in a root of its own
where there is no landlock, and ``seccomp=HEX``, a filter; see ``confine``.
Without a program, it is confined, and is told by its standard input what to
run, see ``held``.
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
LANDLOCK_RESTRICT_SELF = 446
CAPABILITIES_VERSION = 0x20080522
# chown, dac_override, dac_read_search, fowner, fsetid: how root opens the
# files of others, of those that are within reach.
OF_FILES = 0b11111

# ``seccomp.SELF``, as it is in a filter.
SELF = b'\xf0\xff\xff\xff'

# Descriptor of a landlock ruleset, which must be inherited, or -1; a seccomp
# filter, or nothing; what ``namespaces.enter`` takes as JSON, or nothing.
Walls = tuple[int, bytes, str]
NO_WALLS: Walls = (-1, b'', '')

KINDS = {'as': resource.RLIMIT_AS, 'cpu': resource.RLIMIT_CPU,
         'fsize': resource.RLIMIT_FSIZE}

# Between the soft limit, which the program may be told of, and the hard one,
# which kills it: CPU seconds.
CPU_GRACE = 2


def command(argv: list[str], walls: Walls = NO_WALLS, /,
            **limits: int) -> list[str]:
    """The command line that runs ``argv`` limited, as our child.

    The thread that starts it must outlive it: the kernel's parent death
    signal looks at the thread.

    :param argv: empty for one that waits for what to run
    :param walls: what confines it
    :param limits: by the names of KINDS, in bytes or seconds; zero: none
    """
    values = ['%s=%d' % (name, limits[name]) for name in sorted(limits)
              if limits[name]]
    ruleset, program, root = walls
    if ruleset >= 0:
        values.append('landlock=%d' % ruleset)
    if program:
        values.append('seccomp=' + program.hex())
    if root:
        values.append('root=' + root)
    return [sys.executable, '-I', '-S', os.path.abspath(__file__),
            str(os.getpid()), *values, '--', *argv]


def main(args: list[str]) -> None:
    """Limit this process, then become the program.

    :raises OSError: the program cannot be run
    """
    split = args.index('--')
    parent, values = int(args[0]), args[1:split]
    die_with(parent)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ruleset, program, root = NO_WALLS
    amounts = {}
    for value in values:
        name, _, amount = value.partition('=')
        if name == 'landlock':
            ruleset = int(amount)
        elif name == 'seccomp':
            program = bytes.fromhex(amount)
        elif name == 'root':
            root = amount
        else:
            amounts[name] = int(amount)
    # Python ignores these two, and what is ignored stays so over exec.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    if ruleset >= 0:
        os.set_inheritable(ruleset, False)
    if root:
        _enter(root)
        # The kernel may have forgotten it with the change of credentials.
        die_with(parent)
    # The program's: what came before is ours, and may need more.
    for name, number in amounts.items():
        lower(KINDS[name], number)
    restrict(ruleset, program)
    argv = args[split + 1:] or _told()
    os.execvp(argv[0], argv)  # noqa: S606


def _told() -> list[str]:
    """What to run, and limits and environment for it: a line of JSON."""
    import json
    line = sys.stdin.readline()
    if not line:
        # Not needed, or the parent is gone.
        os._exit(1)
    told = json.loads(line)
    for name, amount in told['limits'].items():
        lower(KINDS[name], amount)
    os.environ.clear()
    os.environ.update(told['env'])
    return list(told['argv'])


def _enter(root: str) -> None:
    """By the module beside this file; no package is in reach."""
    import json
    sys.path.append(os.path.dirname(os.path.abspath(__file__)))
    import namespaces  # type: ignore[import-not-found]
    told = json.loads(root)
    namespaces.enter(told['rules'], reads=told['reads'])


def restrict(ruleset: int, program: bytes) -> None:
    """Confine this thread and all that it starts, for good.

    :param ruleset: of landlock; -1: none
    :param program: of seccomp, as ``struct sock_filter``; empty: none
    :raises OSError: the kernel refuses
    """
    libc = ctypes.CDLL(None, use_errno=True)
    word = ctypes.c_ulong
    if libc.prctl(PR_SET_NO_NEW_PRIVS, word(1), word(0), word(0), word(0)):
        raise OSError(ctypes.get_errno(), 'prctl: no_new_privs')
    _drop_capabilities(libc)
    if ruleset >= 0 and libc.syscall(LANDLOCK_RESTRICT_SELF,
                                     ctypes.c_int(ruleset), ctypes.c_uint(0)):
        raise OSError(ctypes.get_errno(), 'landlock_restrict_self')
    if program:
        program = program.replace(SELF, os.getpid().to_bytes(4, 'little'))
        steps = ctypes.create_string_buffer(program, len(program))
        whole = _Filter(len(program) // 8, ctypes.addressof(steps))
        if libc.prctl(PR_SET_SECCOMP, word(SECCOMP_MODE_FILTER),
                      ctypes.byref(whole), word(0), word(0)):
            raise OSError(ctypes.get_errno(), 'prctl: seccomp')


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """Root's, but for OF_FILES: no wall stands before most of them.

    A frozen file system, for one, is one ioctl on any file of it. With
    no_new_privs, nothing that is run has them back.
    """
    header = (ctypes.c_uint32 * 2)(CAPABILITIES_VERSION, 0)
    # Effective, permitted, inheritable; and the upper halves.
    data = (ctypes.c_uint32 * 6)()
    if libc.capget(header, data):
        raise OSError(ctypes.get_errno(), 'capget')
    if not any(data):
        return
    data[:] = [data[0] & OF_FILES, data[1] & OF_FILES, 0, 0, 0, 0]
    if libc.capset(header, data):
        raise OSError(ctypes.get_errno(), 'capset')


class _Filter(ctypes.Structure):
    """``struct sock_fprog``: how many steps of eight bytes, and where."""

    _fields_ = [('length', ctypes.c_ushort), ('steps', ctypes.c_void_p)]


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0):
        raise OSError(ctypes.get_errno(), 'prctl')
    if os.getppid() != parent:
        # It died before the call above.
        os._exit(1)


def lower(kind: int, amount: int) -> None:
    """Set a limit; one that is tighter already stays as it is."""
    grace = CPU_GRACE if kind == resource.RLIMIT_CPU else 0
    hard = resource.getrlimit(kind)[1]
    if hard == resource.RLIM_INFINITY or hard > amount + grace:
        hard = amount + grace
    resource.setrlimit(kind, (min(amount, hard), hard))


if __name__ == '__main__':
    main(sys.argv[1:])
