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

"""A program that is confined first and told later what to do.

Where there is no landlock, a process builds a root directory of its own,
which a process that is confined already cannot do any more, nor can what it
starts. So the process that becomes the converter is started before: it puts
its walls up, and waits.
"""

import json
import logging
import subprocess

from glance_lifecycle import exceptions
from glance_lifecycle.transfer import limits

LOG = logging.getLogger(__name__)

_waiting: subprocess.Popen[bytes] | None = None


def hold(walls: limits.Walls, keep: tuple[int, ...]) -> int:
    """Start the one that waits. The thread must outlive it.

    :param keep: descriptors that it inherits; -1: none
    :returns: its process id
    """
    global _waiting
    _waiting = subprocess.Popen(
        limits.command([], walls), stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        pass_fds=[fd for fd in keep if fd >= 0])
    return _waiting.pid


def start(argv: list[str], walls: limits.Walls, keep: tuple[int, ...],
          env: dict[str, str], **amounts: int) -> subprocess.Popen[bytes]:
    """Run a program: by the process that waits for it, or else a new one.

    Its standard input and output are empty; its errors are to be read.

    :param walls: of a new one, as ``confine.converter`` returns it
    :param keep: descriptors that a new one inherits
    :param amounts: see ``limits.command``
    :raises TransferFailed: the one that waited is gone
    """
    global _waiting
    process, _waiting = _waiting, None
    if process is None:
        return subprocess.Popen(
            limits.command(argv, walls, **amounts),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, pass_fds=keep, env=env)
    assert process.stdin is not None  # noqa: S101 - for mypy
    told = {'argv': argv, 'env': env,
            'limits': {name: amount for name, amount in amounts.items()
                       if amount}}
    try:
        with process.stdin as stream:
            stream.write(json.dumps(told).encode() + b'\n')
    except BrokenPipeError:
        with process:
            process.kill()
            assert process.stderr is not None  # noqa: S101 - for mypy
            LOG.error('The process for %s could not be confined: %s', argv[0],
                      process.stderr.read().decode(errors='replace'))
        raise exceptions.TransferFailed(
            detail='the process that converts images could not be confined. '
            'The log of glance-api says why.') from None
    return process
