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

"""One container of a Swift service, whose calls all end."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import http.client
import logging
from typing import Any
from typing import TypeVar

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.object_store \
    import marks as object_marks
from glance_lifecycle.transfer.backends.object_store import patience
from glance_lifecycle.transfer.backends.object_store import ranges
from glance_lifecycle.transfer.backends.object_store import service
from glance_lifecycle.transfer.backends.swift import account as swift_account
from glance_lifecycle.transfer.backends.swift import options as swift_options
from glance_lifecycle.transfer.backends.swift import stream as swift_stream

LOG = logging.getLogger(__name__)

T = TypeVar('T')

# Statuses -> what to do about them.
_HINTS = {
    401: 'Swift does not accept the token that Keystone gave',
    403: 'the user lacks the permission for it in container %(container)s',
    404: 'there is no container %(container)s; create it, or set '
         'swift_store_create_container_on_put',
}
_FULL = {
    413: 'a quota is used up, or the cluster takes no object so large',
    507: 'the cluster has no room for it',
}
_DUPLICATE = (409, 412)
# Date is what services send last: without it metadata may be missing.
_IN_A_HEAD = frozenset(('content-length', 'date', 'etag', 'x-timestamp'))
# Swift takes 8 MiB.
_LONGEST_MANIFEST = 32 * 1024 * 1024

_PASSING = (408, 429, 498, 499, 500, 502, 503, 504)


class Service(service.ObjectService):
    """A container, and connections to it.

    :param options: what ``swift_options.describe`` returned
    :ivar patience: how long it may be silent
    :ivar clock: the service's, when it answered last; seconds since the
        epoch
    """

    unreached = 'the connection to the service failed'

    def __init__(self, store: str, options: dict[str, Any],
                 container: str) -> None:
        self.store = store
        self.container = container
        self.patience = patience.Patience(options['timeout'])
        self.clock = 0.0
        self._options = options
        self._swift = swift_options.library(store, 'swiftclient')
        self._requests = swift_options.library(store, 'requests.exceptions')
        # What is read in parts is read below requests.
        self._no_answers = (
            self._requests.RequestException,
            swift_options.library(store, 'urllib3.exceptions').HTTPError)
        self._all_errors = (self._swift.ClientException, *self._no_answers)
        self._timeouts = (self._requests.Timeout,)
        self._lasting = (self._requests.SSLError,)
        self._account: swift_account.Account | None = None
        self._url = ''
        self._connection: Any = None
        # For put(): one that is closed keeps its socket until Python
        # collects garbage, and a large image has thousands of segments.
        self._spare: list[Any] = []

    def connect(self) -> None:
        """Sign in and find the service.

        :raises StoreError: that fails
        """
        # It would log what the service answers.
        logging.getLogger('swiftclient').setLevel(logging.WARNING)
        self._account = swift_account.Account(
            self.store, self._options, self.patience)
        self._url = self._options['endpoint'] or self._account.endpoint()
        self._connection = self._connect()

    @property
    def account(self) -> swift_account.Account:
        """Once connected."""
        assert self._account is not None  # noqa: S101 - for mypy
        return self._account

    def _connect(self) -> Any:
        return self._swift.client.http_connection(
            self._url, cacert=self._options['cacert'] or None,
            insecure=self._options['insecure'],
            timeout=self.patience.seconds)

    def close(self) -> None:
        connections = [*self._spare, self._connection]
        self._spare, self._connection = [], None
        for connection in filter(None, connections):
            connection[1].close()
        account, self._account = self._account, None
        if account is not None:
            account.close()

    # Calls.

    def call(self, doing: str, function: str, *args: Any,
             **kwargs: Any) -> Any:
        """What a function of ``swiftclient.client`` returns.

        From one thread at a time.

        :param doing: for the message, for example ``removing a segment``
        :raises StoreFull: a quota or the cluster's room is used up
        :raises StoreDuplicate: a condition of ours was not met
        :raises StoreError: any other error
        """
        def attempt(token: str) -> Any:
            return getattr(self._swift.client, function)(
                self._url, token, *args, http_conn=self._connection,
                **kwargs)
        return self._signed_in(doing, attempt)

    def _signed_in(self, doing: str, attempt: Callable[[str], T]) -> T:
        """What an attempt with a token returns, in the end."""
        tokens: list[str] = []

        def with_token() -> T:
            tokens.append(self.account.token())
            return attempt(tokens[-1])

        def may_pass(error: Exception) -> bool:
            if self.status(error) == 401 and len(set(tokens)) == 1:
                # A token may be revoked before its time.
                self.account.revoked(tokens[0])
                return True
            return self._may_pass(error)

        return self._insist(doing, with_token, may_pass)

    def _answer_passes(self, error: Exception) -> bool | None:
        status = self.status(error)
        return status in _PASSING if status else None

    def status(self, error: BaseException | None) -> int:
        """What Swift answered, or 0."""
        if isinstance(error, self._swift.ClientException):
            return int(error.http_status or 0)
        return 0

    def _refusal(self, doing: str,
                 error: Exception) -> exceptions.StoreError:
        status = self.status(error)
        detail = '%s: Swift answered %s' % (
            doing, status or type(error).__name__)
        if status in _FULL:
            return exceptions.StoreFull(
                store=self.store, detail='%s: %s' % (doing, _FULL[status]))
        if status in _DUPLICATE:
            return exceptions.StoreDuplicate(
                store=self.store, detail='an object of that name in '
                'container %s' % self.container)
        if status in _HINTS:
            detail += '; ' + _HINTS[status] % {'container': self.container}
        return exceptions.StoreError(store=self.store, detail=detail)

    # The container.

    def has_container(self) -> bool:
        """:raises StoreError: that cannot be told"""
        return self._container() is not None

    @property
    def may_create(self) -> bool:
        """Whether a container that is missing is made by who stores first.
        """
        return bool(self._options['create'])

    def no_container(self) -> exceptions.StoreError:
        return exceptions.StoreError(
            store=self.store,
            detail=_HINTS[404] % {'container': self.container})

    def _container(self) -> dict[str, str] | None:
        head: dict[str, str] | None = self._missing_or(
            'looking at the container', 'head_container', self.container)
        self.clock = object_marks.service_time((head or {}).get('date'))
        return head

    def check_container(self, need: int) -> None:
        """Make sure that there is a container that has room.

        :param need: bytes to be stored
        :raises StoreFull: a quota leaves less
        :raises StoreError: there is none, or it may not be used
        """
        head = self._container()
        if head is not None:
            self._check_quota('container', head, need)
        elif self.may_create:
            LOG.info('Store %s: creating container %s.', self.store,
                     self.container)
            self.call('creating the container', 'put_container',
                      self.container)
        else:
            raise self.no_container()
        try:
            account = self.call('looking at the account', 'head_account')
        except exceptions.StoreError as error:
            if self.status(error.__cause__) not in (401, 403):
                raise
            # Some may use a container and not look at the account.
            return
        self._check_quota('account', account, need)

    def _check_quota(self, kind: str, head: dict[str, str],
                     need: int) -> None:
        try:
            quota = int(head['x-%s-meta-quota-bytes' % kind])
            left = quota - int(head['x-%s-bytes-used' % kind])
        except (KeyError, ValueError):
            return
        if need > left:
            raise exceptions.StoreFull(
                store=self.store, detail='the quota of the %s leaves %d '
                'bytes, not the %d that the image needs' %
                (kind, max(0, left), need))

    def check_largest(self, size: int) -> None:
        """Refuse what is too large for one object.

        The answer to the upload itself would be read after its last byte.

        :param size: bytes of an object
        :raises StoreError: the cluster takes no object so large
        """
        parsed, connection = self._connection
        info = parsed._replace(path='/info', query='')
        try:
            known = self.patience.insist(
                lambda: self._swift.client.get_capabilities(
                    (info, connection)), self._may_pass)
            largest = int(known['swift']['max_file_size'])
        except (self._swift.ClientException, KeyError, TypeError,
                ValueError):
            # Not every operator tells.
            return
        except self._no_answers as error:
            raise self._failure('asking for limits', error) from error
        if size > largest:
            raise exceptions.StoreError(
                store=self.store, detail='the cluster takes objects of at '
                'most %d bytes; lower swift_store_large_object_size and '
                'swift_store_large_object_chunk_size' % largest)

    # Objects.

    def _missing_or(self, doing: str, function: str, *args: Any,
                    **kwargs: Any) -> Any:
        """``call``, but None where there is nothing of that name."""
        try:
            return self.call(doing, function, *args, **kwargs)
        except exceptions.StoreError as error:
            if self.status(error.__cause__) != 404:
                raise
            return None

    def find(self, name: str) -> dict[str, str] | None:
        """An object's headers; None where there is none."""
        doing = 'looking for the image'

        def attempt(_token: str) -> dict[str, str] | None:
            found: dict[str, str] | None = self._missing_or(
                doing, 'head_object', self.container, name)
            if found is not None and not _IN_A_HEAD <= found.keys():
                raise self._cut_off()
            return found

        found = self._signed_in(doing, attempt)
        if found is not None:
            self.clock = object_marks.service_time(found['date'])
        return found

    def _cut_off(self) -> Exception:
        # http.client takes the end of a connection for the end of headers.
        cut: Exception = self._requests.ConnectionError(
            http.client.RemoteDisconnected(''))
        return cut

    def segments(self, image_id: str) -> list[dict[str, Any]]:
        """All objects that would be part of a segmented image.

        :returns: ``name``, ``bytes``, ``hash`` of each
        """
        return list(self.listed(image_id + '-'))

    def listed(self, prefix: str, **other: str) -> Iterator[dict[str, Any]]:
        """The rows of all objects whose names begin so, in their order.

        :param other: that ``get_container`` takes, such as ``delimiter``
        """
        after = ''
        while True:
            found = self._missing_or(
                'listing container %s' % self.container, 'get_container',
                self.container, prefix=prefix, marker=after, **other)
            if found is None or not found[1]:
                return
            last = str(found[1][-1].get('subdir') or found[1][-1]['name'])
            if last.encode() <= after.encode():
                raise exceptions.StoreError(
                    store=self.store, detail='Swift lists the same objects '
                    'of container %s again' % self.container)
            after = last
            yield from found[1]

    def delete(self, name: str) -> bool:
        """Whether there was such an object."""
        try:
            self.call('removing %s' % name, 'delete_object', self.container,
                      name)
        except exceptions.StoreError as error:
            if self.status(error.__cause__) != 404:
                raise
            return False
        return True

    def put(self, name: str, stream: swift_stream.Stream,
            headers: Mapping[str, str]) -> str:
        """Store what the stream gives; from any thread, tried once.

        An object that is there already is not overwritten.

        :param headers: of the object
        :returns: the entity tag
        """
        with self._lent() as connection:
            try:
                tag = self._swift.client.put_object(
                    self._url, self.account.token(), self.container, name,
                    # Without content it would not ask for any.
                    stream if stream.length else None,
                    content_length=stream.length, http_conn=connection,
                    headers={**headers, 'If-None-Match': '*'})
            except (self._swift.ClientException, *self._no_answers) as error:
                raise self._failure('storing %s' % name, error) from error
        self.patience.heard()
        return str(tag)

    @contextlib.contextmanager
    def _lent(self) -> Iterator[Any]:
        """A connection for one thread; after an error it is not used again,
        for it may hold the rest of an answer.
        """
        try:
            connection = self._spare.pop()
        except IndexError:
            connection = self._connect()
        try:
            yield connection
        except BaseException:
            connection[1].close()
            raise
        self._spare.append(connection)

    def read(self, name: str, offset: int, length: int
             ) -> tuple[dict[str, str], bytes | None]:
        """A part of an object; from any thread.

        :returns: its headers, {} where there is none that long; and the
            bytes, None where the service sends all of it
        """
        def attempt(token: str) -> tuple[dict[str, str], bytes | None]:
            answer: dict[str, Any] = {}
            with self._lent() as connection:
                headers, body = self._swift.client.get_object(
                    self._url, token, self.container, name,
                    resp_chunk_size=length, http_conn=connection,
                    headers={'Range': ranges.header(offset, length)},
                    response_dict=answer)
                if answer['status'] != ranges.PARTIAL:
                    body.close()
                    return headers, None
                data = (body.read() if ranges.is_answer(headers, offset,
                                                        length) else b'')
                if len(data) != length:
                    raise self._cut_off()
                return headers, data
        try:
            return self._signed_in('reading the copy', attempt)
        except exceptions.StoreError as error:
            if self.status(error.__cause__) in (404, 416):
                return {}, None
            raise

    def manifest(self, name: str) -> bytes:
        """What a static manifest consists of, as JSON.

        :raises StoreError: it is too long, or as usual
        """
        doing = 'reading the manifest'

        def attempt(token: str) -> bytes:
            with self._lent() as connection:
                body = self._swift.client.get_object(
                    self._url, token, self.container, name,
                    resp_chunk_size=_LONGEST_MANIFEST, http_conn=connection,
                    query_string='multipart-manifest=get')[1]
                found = bytes(next(body, b''))
                if next(body, b''):
                    raise self._no_manifest(name)
            return found
        return self._signed_in(doing, attempt)

    def _no_manifest(self, name: str) -> exceptions.StoreError:
        return exceptions.StoreError(
            store=self.store, detail='the manifest %s is too long' % name)

    def put_manifest(self, image_id: str, prefix: str,
                     headers: Mapping[str, str]) -> None:
        """Make the segments of that prefix readable as one object."""
        self.call('completing the image', 'put_object', self.container,
                  image_id, None, headers={
                      **headers, 'X-Object-Manifest': prefix,
                      'If-None-Match': '*'})
