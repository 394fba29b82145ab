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
has threads.
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1

KINDS = {'as': resource.RLIMIT_AS, 'cpu': resource.RLIMIT_CPU,
         'fsize': resource.RLIMIT_FSIZE}

# Between the soft limit, which the program may be told of, and the hard one,
# which kills it: CPU seconds.
CPU_GRACE = 2


def command(argv: list[str], **limits: int) -> list[str]:
    """The command line that runs ``argv`` limited, as our child.

    The thread that starts it must outlive it: the kernel's parent death
    signal looks at the thread.

    :param limits: by the names of KINDS, in bytes or seconds; zero: none
    """
    values = ['%s=%d' % (name, limits[name]) for name in sorted(limits)
              if limits[name]]
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
    for value in values:
        name, _, amount = value.partition('=')
        lower(KINDS[name], int(amount))
    # Python ignores these two, and what is ignored stays so over exec.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    os.execvp(args[split + 1], args[split + 1:])  # noqa: S606


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
