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

"""The plans that a worker has made on this host, as files.

In ``hygiene`` of [lifecycle] state_dir, for its owner only. A file appears
when it is whole, and is never changed. Their names sort by their times.
"""

from collections.abc import Callable
from collections.abc import Container
from collections.abc import Iterator
import contextlib
import os
import pathlib
import re
import tempfile

from oslo_log import log as logging

from glance_lifecycle import exceptions
from glance_lifecycle.reclaim import plan as plans

LOG = logging.getLogger(__name__)

#: Files that are kept, if none of them is needed.
MOST = 50

_DIRECTORY = 'hygiene'
_NAME = re.compile(r'plan-[0-9]{8}T[0-9]{6}-([0-9a-f]{16})\.json')
_NEW = '.new-'


def write(state_dir: str, plan: plans.Plan) -> pathlib.Path:
    """Keep it; all of it is there once this returns.

    :raises ConfigurationError: it cannot be written, or is too large
    """
    text = plan.to_json() + '\n'
    if len(text) > plans.MAX_BYTES:
        raise exceptions.InputRefused(
            detail='The plan of stores %s is larger than %d MiB. Make one of '
            'a single code by hand, with "hygiene plan"' % (
                ', '.join(one.name for one in plan.stores),
                plans.MAX_BYTES // 2 ** 20))
    directory = pathlib.Path(state_dir, _DIRECTORY)
    when = re.sub('[^0-9T]', '', plan.made.partition('+')[0])
    path = directory / ('plan-%s-%s.json' % (when, plan.id))
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        fd, new = tempfile.mkstemp(prefix=_NEW, dir=directory)
        with open(fd, 'w') as file:
            file.write(text)
            file.flush()
            os.fsync(fd)
        os.rename(new, path)
        _sync(directory)
    except OSError as error:
        raise exceptions.ConfigurationError(
            detail='[lifecycle] state_dir: %s: %s' % (
                directory, error.strerror)) from error
    return path


def of(state_dir: str, ids: Container[str]) -> Iterator[plans.Plan]:
    """Those with these ids, the oldest first; what is damaged is said.

    :param ids: digits
    """
    for path, plan_id in _listed(state_dir):
        if plan_id not in ids:
            continue
        try:
            with path.open('rb') as file:
                yield plans.load(file.read(plans.MAX_BYTES + 1))
        except OSError as error:
            LOG.warning('%s cannot be read: %s.', path, error.strerror)
        except exceptions.ConfigurationError as error:
            LOG.warning('%s: %s', path, error.for_operator())


def prune(state_dir: str, needed: Callable[[], Container[str]],
          most: int = MOST) -> None:
    """Remove the oldest of too many that are not needed.

    Only while nobody else writes plans here.

    :param needed: ids of those by which something is in quarantine; asked
        only when there are too many
    :raises LifecycleError: that cannot be told, so that none is removed
    """
    with contextlib.suppress(OSError):
        for path in pathlib.Path(state_dir, _DIRECTORY).glob(_NEW + '*'):
            # Of a worker that was killed.
            path.unlink()
    found = _listed(state_dir)
    if len(found) <= most:
        return
    ids = needed()
    for path, plan_id in found[:len(found) - most]:
        if plan_id not in ids:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()


def _listed(state_dir: str) -> list[tuple[pathlib.Path, str]]:
    """File and id, the oldest first."""
    try:
        found = sorted(pathlib.Path(state_dir, _DIRECTORY).iterdir())
    except OSError:
        return []
    return [(path, match[1]) for path in found
            if (match := _NAME.fullmatch(path.name))]


def _sync(directory: pathlib.Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
