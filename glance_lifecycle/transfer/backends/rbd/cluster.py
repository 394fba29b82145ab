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

"""One connection to one pool of a Ceph cluster, whose calls all end.

Some calls of librados and librbd wait for ever for a cluster that does not
answer, whatever its options say: registering a watch is one. So each runs in
a thread of its own, which is left behind when it takes too long.
"""

from collections.abc import Callable
import contextlib
import datetime
import errno
import logging
import os
import threading
import time
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import errors
from glance_lifecycle.transfer.backends.rbd import options as rbd_options
from glance_lifecycle.transfer.backends.rbd import room

LOG = logging.getLogger(__name__)

# Seconds, where neither rados_connect_timeout nor ceph.conf sets a limit:
# what librados itself waits for a connection. A cluster that recovers from a
# failed host may well pause for one minute.
_TIMEOUT = 300

# A call consists of several operations, each with librados' own limit, and
# its error says more than ours.
_MARGIN = 5.0

# Seconds to ask the monitors why the rest of the cluster is silent.
_ASK = 5.0

# Operations have no limit by default, a connection has one.
_TIMEOUT_OPTIONS = ('rados_osd_op_timeout', 'rados_mon_op_timeout')


class Cluster:
    """A pool of a cluster.

    :param options: what ``rbd_options.describe`` returned

    :ivar timeout: seconds that one operation may take
    :ivar ioctx: the pool, for calls of ``rbd``
    :ivar silent: a call got no answer: further ones would not either
    """

    def __init__(self, store: str, options: dict[str, Any]) -> None:
        self.store = store
        self.pool: str = options['pool']
        self.rados, self.rbd = rbd_options.bindings(store)
        self.timeout: float = (options['timeout'] if options['timeout'] > 0
                               else _TIMEOUT)
        self.ioctx: Any = None
        self.silent = False
        self._silence = ''
        self._options = options
        self._client: Any = None
        self._unclosed: list[Any] = []
        self._late: list[_Call] = []
        self._heard = time.monotonic()

    # Connecting.

    def connect(self) -> None:
        """Connect to the cluster and open the pool.

        :raises StoreError: it cannot be reached, or does not let us in
        """
        client = self.call('reading the file of rbd_store_ceph_conf',
                           self._make_client)
        try:
            self.call('connecting to the cluster', client.connect)
            self._client = client
            self.ioctx = self.call('opening the pool', self._open_pool)
        except exceptions.StoreError as error:
            raise self._refused(error) from error.__cause__

    def _make_client(self) -> Any:
        client = self.rados.Rados(
            conffile=self._options['conf_file'],
            rados_id=self._options['user'] or None)
        # The cache of librbd would be one more copy of every byte.
        client.conf_set('rbd_cache', 'false')
        if self._options['timeout'] > 0:
            # As the driver does.
            for name in (*_TIMEOUT_OPTIONS, 'client_mount_timeout'):
                client.conf_set(name, str(self._options['timeout']))
            return client
        for name in _TIMEOUT_OPTIONS:
            seconds = float(client.conf_get(name) or 0)
            if seconds > 0:
                self.timeout = seconds
            else:
                client.conf_set(name, str(_TIMEOUT))
        return client

    def _open_pool(self) -> Any:
        ioctx = self._client.open_ioctx(self.pool)
        # Without it operations on a full pool wait until there is room.
        ioctx.set_osdmap_full_try()
        return ioctx

    def _refused(self, error: exceptions.StoreError) -> exceptions.StoreError:
        number = getattr(error.__cause__, 'errno', None)
        user = self._options['user'] or 'admin'
        if self._client is None and number == errno.ENOENT:
            detail = ('ceph.conf names no keyring, or one that is not there, '
                      'for client.%s' % user)
        elif self._client is None and number in (errno.EACCES, errno.EPERM):
            # librados says the same of both.
            detail = ('the cluster does not let client.%s in: the keyring '
                      'that ceph.conf names has no key for it, or another '
                      'than "ceph auth get client.%s" shows' % (user, user))
        elif number == errno.ENOENT:
            detail = ('there is no pool %s; create it, or correct '
                      'rbd_store_pool' % self.pool)
        else:
            return error
        return exceptions.StoreError(store=self.store, detail=detail)

    @property
    def fsid(self) -> str:
        return str(self._client.get_fsid())

    @property
    def client_id(self) -> int:
        """Which client we are, as lists of watchers have it."""
        return int(self._client.get_instance_id())

    @property
    def address(self) -> str:
        """Ours, as blocklists have it; empty before Ceph Octopus."""
        if not hasattr(self._client, 'get_addrs'):
            return ''
        return str(self._client.get_addrs())

    def config(self, name: str) -> str:
        return str(self._client.conf_get(name) or '')

    def features(self) -> int | None:
        """Of a new image, as the driver has them.

        :returns: None, librbd's own, where the driver would fail
        """
        try:
            features = int(self.config('rbd_default_features') or 0)
        except ValueError:
            return None
        return features or int(self.rbd.RBD_FEATURE_LAYERING)

    def open_other(self, pool: str) -> Any:
        """An ``ioctx`` of another pool of it; the caller closes that."""
        return self._client.open_ioctx(pool)

    def configure(self, name: str, value: str) -> None:
        """Set an option of librbd for images opened from now on."""
        self._client.conf_set(name, value)

    def close_image(self, image: Any) -> None:
        """Close an open image; one of a silent cluster closes when it can.

        :raises StoreError: it cannot be closed
        """
        if self.silent:
            # In a thread, because also its destructor would wait.
            self._unclosed.append(image)
        self.call('closing the image', image.close)

    def close(self) -> None:
        """Disconnect; never raises. A silent cluster is not waited for."""
        client, ioctx = self._client, self.ioctx
        self._client = self.ioctx = None

        def shut() -> None:
            # In reverse, and each whatever comes of the others.
            with contextlib.ExitStack() as stack:
                if client is not None:
                    stack.callback(client.shutdown)
                if ioctx is not None:
                    stack.callback(ioctx.close)
                for late in self._late:
                    # It still uses what shutdown would free: glance-api,
                    # where undo runs, would crash.
                    late.over.wait()
                    if hasattr(late.result, 'close'):
                        stack.callback(late.result.close)
                for image in self._unclosed:
                    stack.callback(image.close)

        call = _Call(shut)
        if not self.silent and not call.over.wait(self.timeout + _MARGIN):
            LOG.warning('Store %s: the connection to the cluster cannot be '
                        'closed.', self.store)

    # Calls.

    def call(self, doing: str, function: Callable[..., Any], *args: Any,
             **kwargs: Any) -> Any:
        """What ``function`` returns, within the limit of time.

        The limit starts anew at each ``heard()``.

        :param doing: for the message, for example ``creating the image``
        :raises StoreFull: the cluster or the pool has no room
        :raises StoreError: any other error of librados or librbd
        """
        if self.silent:
            raise self._no_answer(doing)
        call = _Call(lambda: function(*args, **kwargs))
        self.heard()
        while not call.over.wait(max(0.0, self.patience)):
            if self.patience <= 0:
                self._late.append(call)
                raise self._no_answer(doing)
        if call.error is None:
            return call.result
        if isinstance(call.error, (self.rados.Error, self.rbd.Error, OSError)):
            raise self.failure(doing, call.error) from call.error
        if isinstance(call.error, UnicodeDecodeError):
            # Anybody who may write to the pool can have written it.
            raise exceptions.StoreError(
                store=self.store, detail='%s: a name or a value there is not '
                'in UTF-8' % doing) from call.error
        raise call.error

    def heard(self) -> None:
        """The cluster did something for us just now."""
        self._heard = time.monotonic()

    @property
    def patience(self) -> float:
        """Seconds left until a silence has lasted too long."""
        return self._heard + self.timeout + _MARGIN - time.monotonic()

    def failure(self, doing: str,
                error: Exception) -> exceptions.StoreError:
        """Our exception for what rados, rbd or a completion said."""
        number = getattr(error, 'errno', None) or 0
        if number == errno.ETIMEDOUT or (
                number == errno.EBADMSG and self._was_long()):
            return self._no_answer(doing)
        if number in (errno.ENOSPC, errno.EDQUOT):
            return self._full(room.FULL_WORDS[number] % self.pool)
        detail = '%s: %s' % (doing, _words(number, error))
        if number in (errno.EACCES, errno.EPERM):
            detail += ('; it needs the capabilities mon "profile rbd" and '
                       'osd "profile rbd pool=%s"' % self.pool)
        elif number == errno.ESHUTDOWN:
            detail += '; the cluster has put this client on its blocklist'
        return exceptions.StoreError(store=self.store, detail=detail)

    def or_full(self, error: exceptions.StoreError) -> exceptions.StoreError:
        """The error, or that the pool is full, where librbd hides that."""
        try:
            pool = self.call('asking for the pool', self._ask_pool)
        except exceptions.StoreError:
            return error
        full = room.full_flag(pool)
        return self._full('%s, so this failed: %s' % (
            full, error.fields['detail'])) if full else error

    def _was_long(self) -> bool:
        """Whether an operation has timed out since we last heard anything.

        librbd takes the answer that a watcher never gave for a broken one.
        """
        return time.monotonic() - self._heard >= self.timeout

    def _full(self, detail: str) -> exceptions.StoreFull:
        return exceptions.StoreFull(store=self.store, detail=detail)

    def _no_answer(self, doing: str) -> exceptions.StoreError:
        if not self.silent:
            self.silent = True
            self._silence = self._why_silent()
        return exceptions.StoreError(
            store=self.store, detail='%s: the cluster did not answer within '
            '%d s; %s' % (doing, self.timeout, self._silence))

    def _why_silent(self) -> str:
        if self._client is None:
            return 'check the monitors that ceph.conf names, and the network'
        call = _Call(self._ask_pool)
        if not call.over.wait(min(_ASK, self.timeout)):
            self._late.append(call)
        if not call.over.is_set() or call.error:
            return 'its monitors do not answer either'
        full = room.full_flag(call.result)
        return full or ('its monitors do answer, so look at its OSDs with '
                        '"ceph health detail"')

    # The monitors.

    def ask(self, doing: str, command: dict[str, str]) -> Any:
        """What the monitors answer; None where the user may not ask.

        :raises StoreError: they did not answer, or with an error
        """
        return self.call(doing, room.ask, self._client, command)

    def check_room(self, need: int) -> None:
        """Refuse what could never fit, as far as the monitors know.

        :param need: bytes to be stored
        :raises StoreFull: the pool is marked full, or has less room
        """
        pool = self.call('asking for the pool', self._ask_pool)
        usage = self.ask('asking for free space', {'prefix': 'df'})
        detail = room.shortage(pool, usage, need)
        if detail:
            raise self._full(detail)

    def _ask_pool(self) -> dict[str, Any]:
        """The pool that holds the data."""
        name = self.config('rbd_default_data_pool') or self.pool
        pools = room.ask(self._client, {
            'prefix': 'osd pool ls', 'detail': 'detail'})
        found: dict[str, Any] = next(
            (p for p in pools or [] if p['pool_name'] == name), {})
        return found

    # What may not be asked of anybody else.

    def blocklist(self, address: str, seconds: int) -> None:
        """Have the cluster take nothing more from a client.

        Its watches end at once, which otherwise takes 30 s.

        :raises StoreError: the user's capabilities do not allow it
        """
        def blocklist() -> None:
            self._client.blocklist_add(address, seconds)
            self._client.wait_for_latest_osdmap()
        self.call('cutting off a dead client', blocklist)


def seconds(moment: datetime.datetime) -> float:
    """Releases of librbd's bindings differ in whether they tell the zone."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return moment.timestamp()


def _words(number: int, error: Exception) -> str:
    if not number:
        return type(error).__name__
    return errors.words(OSError(number, os.strerror(number)))


class _Call(threading.Thread):
    """A call in a thread that nobody has to wait for."""

    def __init__(self, function: Callable[[], Any]) -> None:
        super().__init__(name='rbd-call', daemon=True)
        self.over = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None
        self._function = function
        self.start()

    def run(self) -> None:
        try:
            self.result = self._function()
        except BaseException as error:
            self.error = error
        finally:
            self.over.set()
