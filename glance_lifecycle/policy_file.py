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


"""The lifecycle policy in force: ``[lifecycle] policy_file``, as it changes.

A broken file refuses at the start of the process. Later, a broken change
leaves the last good document in force, and says so in the log.
"""

import functools
import os
import threading
import time

from oslo_config import cfg
from oslo_log import log as logging

from glance_lifecycle import exceptions
from glance_lifecycle.policy import decision
from glance_lifecycle.policy import document
from glance_lifecycle.policy import yaml_tree

LOG = logging.getLogger(__name__)
GIB = 1024 ** 3

# An editor that writes in place is seen half-way, and half a document may be
# a good one with fewer rules: a change counts once nobody writes any more.
_SETTLED = 1_000_000_000

# mtime and ctime in ns, size, inode and device.
_Identity = tuple[int, int, int, int, int]


class PolicyFile:
    """One file, looked at again at each use; that costs a stat().

    :ivar broken: what is wrong with the file as it is now; None if it is the
        document in force. While there has been none, every use fails with it.
    """

    def __init__(self, path: str,
                 defaults: decision.Defaults = decision.Defaults()) -> None:
        self._path = path
        self._defaults = defaults
        self._lock = threading.Lock()
        self._seen: _Identity | None = None
        self._policy: decision.Policy | None = None
        self.broken: exceptions.ConfigurationError | None = None

    def policy(self) -> decision.Policy:
        """The policy in force.

        :raises ConfigurationError: there has been no good document yet
        """
        try:
            seen = _identity(os.stat(self._path))
        except OSError:
            seen = None
        if self._policy is None or seen != self._seen:
            with self._lock:
                self._look()
        if self._policy is None:
            assert self.broken is not None  # noqa: S101 - by _look()
            raise self.broken.with_traceback(None)
        return self._policy

    def _look(self) -> None:
        try:
            data, seen = _read(self._path)
        except OSError as error:
            self._failed(_UNREADABLE, exceptions.ConfigurationError(
                detail='the lifecycle policy cannot be read: %s. Check '
                '[lifecycle] policy_file.' % error.strerror))
            return
        if self._policy is not None and (
                seen == self._seen or data is None or _fresh(seen)):
            return
        if data is None:
            self._failed(seen, exceptions.ConfigurationError(
                detail='the lifecycle policy is being written. Try again.'))
            return
        try:
            loaded = document.load(data)
        except document.DocumentError as error:
            self._failed(seen, error)
            return
        changed = self._policy is None or (
            self._policy.digest != loaded.digest)
        if changed or self.broken:
            LOG.info('Lifecycle policy %(path)s is in force: %(rules)d '
                     'rules, SHA-256 %(digest)s.', {
                         'path': self._path, 'rules': len(loaded.rules),
                         'digest': loaded.digest})
        self._policy = decision.Policy(loaded, self._defaults)
        self._seen, self.broken = seen, None

    def _failed(self, seen: _Identity,
                error: exceptions.ConfigurationError) -> None:
        """Say it once for each change."""
        first = self.broken is None or seen != self._seen
        self._seen, self.broken = seen, error
        if not first:
            return
        LOG.error('%(error)s It is %(path)s. %(then)s', {
            'error': error, 'path': self._path, 'then': (
                'Nothing is imported until it is repaired.'
                if self._policy is None else
                'The last good one (SHA-256 %s) STAYS IN FORCE, and the '
                'change has no effect until it is repaired.'
                % self._policy.digest)})
        for problem in getattr(error, 'problems', ()):
            LOG.error('%(path)s: %(problem)s.', {'path': self._path,
                                                 'problem': problem})


# No file has this identity.
_UNREADABLE: _Identity = (0, 0, 0, 0, 0)

_in_force: dict[tuple[str, decision.Defaults], PolicyFile] = {}
_lock = threading.Lock()


def in_force(conf: cfg.ConfigOpts) -> decision.Policy:
    """The policy that the configuration names, or one of options only.

    :raises ConfigurationError: it has been broken since the process started
    """
    found = watched(conf)
    return _options_only(defaults(conf)) if found is None else found.policy()


def watched(conf: cfg.ConfigOpts) -> PolicyFile | None:
    """The file itself, for whoever wants to know whether it is broken."""
    path = conf.lifecycle.policy_file
    if not path:
        return None
    key = (path, defaults(conf))
    with _lock:
        if key not in _in_force:
            # One at a time: options do not change but in a reload.
            _in_force.clear()
            _in_force[key] = PolicyFile(*key)
        return _in_force[key]


def defaults(conf: cfg.ConfigOpts) -> decision.Defaults:
    """What decides where the document is silent."""
    group = conf.lifecycle
    return decision.Defaults(
        convert=group.convert, formats=tuple(group.formats),
        container_formats=tuple(group.container_formats),
        max_virtual_size=group.max_virtual_size * GIB,
        max_expansion_ratio=group.max_expansion_ratio,
        signature=conf.lifecycle_signing.required)


@functools.lru_cache(maxsize=4)
def _options_only(options: decision.Defaults) -> decision.Policy:
    return decision.Policy(None, options)


def _read(path: str) -> tuple[bytes | None, _Identity]:
    """The bytes, None if somebody wrote meanwhile.

    :raises OSError: it cannot be read
    """
    # A FIFO would wait for ever.
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with open(fd, 'rb') as file:
        before = _identity(os.fstat(fd))
        data = file.read(yaml_tree.MAX_BYTES + 1)
        if not data:
            # Seen: open() for writing shows size 0 before the new mtime.
            time.sleep(0.01)
        after = _identity(os.fstat(fd))
    return (data if before == after else None), after


def _identity(status: os.stat_result) -> _Identity:
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size,
            status.st_ino, status.st_dev)


def _fresh(seen: _Identity) -> bool:
    # One from the future, by another host's clock, is not waited for.
    return 0 <= time.time_ns() - seen[0] < _SETTLED
