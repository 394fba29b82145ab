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

"""What the tasks of one import share inside one process.

Tasks exchange plain data; but a descriptor, a lock and the list object that
Glance will look at again have to live somewhere. They live here, by task.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import os
import threading
from typing import Any

from cryptography import x509
from oslo_config import cfg
from oslo_log import log as logging

from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.policy import facts as policy_facts
from glance_lifecycle.signing import properties
from glance_lifecycle.signing import signer
from glance_lifecycle.transfer import journal
from glance_lifecycle.transfer import sink

CONF = cfg.CONF
LOG = logging.getLogger(__name__)

_sessions: dict[str, 'Session'] = {}
_lock = threading.Lock()


class Session:
    """One import between get_flow and the end of its task.

    :ivar stores: the stores to write, copied before Glance's list is emptied
    :ivar staged_reason: why this import is staged, None if it is direct
    :ivar signer: the service's, where the stored bytes are to be signed. Its
        key may be in no task's result
    :ivar certificate: of the user's signature, where another process has
        fetched it with the user's rights
    :ivar log_of: the service whose log tells more
    :ivar stored: what is in the stores: a location may hold a password, and
        results of tasks are logged
    :ivar error: what made our tasks fail
    :ivar broken: what get_flow could not do; Admit raises it
    :ivar leftovers: something could not be undone; the journal must stay
    :ivar followed: its task's end is being waited for
    :ivar over: our part is over, and the task's end near
    """

    log_of = 'glance-api'

    def __init__(self, glance: glance_host.Import, stores: list[str],
                 staged_reason: str | None = None) -> None:
        self.glance = glance
        self.stores = stores
        self.staged_reason = staged_reason
        self.journal: journal.Journal | None = None
        self.fd = -1
        self._opened: tuple[int, ...] = ()
        self._awaited = -1
        self.signer: signer.ServiceSigner | None = None
        self.certificate: x509.Certificate | None = None
        self.stored: dict[str, sink.Stored] = {}
        self.error: exceptions.LifecycleError | None = None
        self.broken: exceptions.LifecycleError | None = None
        self.leftovers = False
        self.followed = False
        self.over = threading.Event()

    @classmethod
    def begun(cls, kwargs: Mapping[str, Any]) -> 'Session':
        """Of an import that begins.

        :param kwargs: of get_flow; the list of stores is emptied
        """
        stores = kwargs.get('backend')
        made = cls(glance_host.Import(kwargs), [s for s in stores or [] if s],
                   _staged_reason(stores))
        made._open_journal()
        if made.staged_reason and CONF.lifecycle.mode == 'direct':
            made.broken = exceptions.ConfigurationError(
                detail='[lifecycle] mode is direct, but %s'
                % made.staged_reason)
        if made.direct and not made.broken:
            # Glance's loop over this very list comes after us: nothing is
            # left for it to upload.
            stores.clear()  # type: ignore[union-attr]
        return made

    @property
    def direct(self) -> bool:
        return self.staged_reason is None

    def _open_journal(self) -> None:
        try:
            self.journal = journal.create(
                CONF.lifecycle.state_dir, self.glance.task_id,
                self.glance.image_id)
            # Where Glance stages and downloads to, before we are asked.
            self.journal.note(
                method=self.glance.method, stores=self.stores,
                staged=os.path.join(glance_host.staging_dir(),
                                    self.glance.image_id))
        except exceptions.LifecycleError as error:
            self.broken = error

    def show_stores(self) -> None:
        """List the stores before Glance downloads, which can take hours.

        Glance lists those of the list that we have emptied. Never raises.
        """
        if self.direct and self.glance.method in glance_host.DOWNLOADS:
            try:
                self.glance.list_stores(self.stores)
            except Exception:
                # Admit does it again.
                LOG.warning('Cannot list the stores of image %s now.',
                            self.glance.image_id, exc_info=True)

    def opened(self, fd: int) -> None:
        """The staged file, opened once; remembers what it is now."""
        self.fd = fd
        self._opened = _fingerprint(fd)

    @property
    def fingerprint(self) -> list[int]:
        """What the staged file was when it was opened."""
        return list(self._opened)

    def hand_over(self, purpose: str, handed: Mapping[str, Any]) -> None:
        """Let a worker have the journal, and stay its owner.

        :param purpose: of the worker's job
        :param handed: what that is to do: plain data
        :raises ConfigurationError: the state directory cannot be written
        """
        self.note(offloaded=purpose, handed=dict(handed))
        assert self.journal is not None  # noqa: S101 - noted in it
        self._awaited = journal.awaited(CONF.lifecycle.state_dir,
                                        self.glance.task_id)
        self.journal.close()

    def taken_back(self) -> bool:
        """Have the journal again, if the worker has let go of it."""
        return self.journal is not None and self.journal.retake()

    def check_unchanged(self) -> None:
        """What was verified and inspected is what was read.

        :raises ImageRefused: the staged file changed meanwhile
        """
        if _fingerprint(self.fd) != self._opened:
            raise exceptions.ImageRefused(
                reason='changed', detail='the staged file changed while it '
                'was imported. Stage the image again')

    def remember(self, facts: policy_facts.Facts) -> None:
        """What the image's record was, before the import changes it early."""
        found = facts.properties or {}
        self.note(changed=True, protected=bool(facts.protected),
                  signature={name: found[name] for name in properties.NAMES
                             if name in found})

    def note(self, **fields: Any) -> None:
        if self.journal is None:
            raise exceptions.InternalError(detail='the import has no journal')
        self.journal.note(**fields)

    @contextlib.contextmanager
    def reporting(self) -> Iterator[None]:
        """Remember our error, and give the user its text.

        Glance shows the text of one class of errors only; any other is
        "Internal Error" to the user.
        """
        try:
            yield
        except exceptions.LifecycleError as error:
            self.error = error.for_user()
            if str(self.error) != error.for_operator():
                LOG.error('Image %(image)s: %(error)s', {
                    'image': self.glance.image_id,
                    'error': error.for_operator()})
            raise glance_host.UserError(str(self.error)) from error
        except Exception as error:
            LOG.exception('Import of image %s failed unexpectedly.',
                          self.glance.image_id)
            self.error = exceptions.InternalError(
                detail='%s; the log of %s has the details'
                % (type(error).__name__, self.log_of))
            raise glance_host.UserError(str(self.error)) from error

    def close(self, *, done: bool) -> None:
        """Forget this import.

        :param done: nothing is left to recover; the journal goes too
        """
        with _lock:
            _sessions.pop(self.glance.task_id, None)
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
        if self.journal is not None:
            if done:
                self.journal.remove()
            else:
                self.journal.close()
        if self._awaited >= 0:
            os.close(self._awaited)
            self._awaited = -1


def _fingerprint(fd: int) -> tuple[int, ...]:
    status = os.fstat(fd)
    # Nobody can set ctime, as they can mtime.
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns,
            status.st_ino)


def get(kwargs: Mapping[str, Any]) -> Session:
    """The session of this task, made at the first call.

    Glance 33 may call get_flow several times for one task, with the list
    that the first call has emptied.
    """
    with _lock:
        task_id = kwargs['task_id']
        if task_id not in _sessions:
            _sessions[task_id] = Session.begun(kwargs)
        return _sessions[task_id]


def _staged_reason(stores: Any) -> str | None:
    if CONF.lifecycle.mode == 'staged':
        return '[lifecycle] mode is staged'
    return glance_host.direct_unsupported(stores)
