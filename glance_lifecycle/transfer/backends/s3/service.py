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

"""One bucket of an S3 service, whose calls all end."""

import contextlib
import dataclasses
import functools
import logging
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.object_store \
    import marks as object_marks
from glance_lifecycle.transfer.backends.object_store import patience
from glance_lifecycle.transfer.backends.object_store import ranges
from glance_lifecycle.transfer.backends.object_store import service
from glance_lifecycle.transfer.backends.s3 import options as s3_options
from glance_lifecycle.transfer.backends import settings

LOG = logging.getLogger(__name__)

# Codes of errors -> what to do about them. Source: Amazon's list of error
# responses; RequestTimeTooSkewed and others are the same everywhere.
_HINTS = {
    'InvalidAccessKeyId': 'the service does not know the key of '
                          's3_store_access_key',
    'SignatureDoesNotMatch': 's3_store_secret_key does not belong to '
                             's3_store_access_key',
    'AccessDenied': 'the user of s3_store_access_key lacks the permission '
                    'for it in bucket %(bucket)s',
    'RequestTimeTooSkewed': 'the clocks of this host and of the service '
                            'differ',
    'NoSuchUpload': 'somebody else aborted its upload; import again',
    'NoSuchBucket': 'there is no bucket %(bucket)s; create it, or set '
                    's3_store_create_bucket_on_put',
    'InvalidObjectState': 'it is archived; restore the object first',
    'BadDigest': 'what arrived is not what was sent; check the network',
}
_FULL = frozenset((
    'QuotaExceeded', 'EntityTooLarge', 'InsufficientCapacity',
    'InsufficientStorage', 'XMinioStorageFull', '507', '413'))
_EXISTS = frozenset(('PreconditionFailed', '412'))

# Answers that another attempt may change.
_PASSING = frozenset((
    'SlowDown', 'RequestTimeout', 'BadDigest', 'OperationAborted',
    'Throttling', 'ThrottlingException', 'TooManyRequests', '429'))
_IN_A_HEAD = frozenset(('ContentLength', 'ETag', 'LastModified'))
_LASTING_STATUS = (501, 507)


@dataclasses.dataclass(frozen=True, slots=True)
class Upload:
    """A multipart upload that is not complete.

    :ivar initiated: seconds since the epoch, by the service's clock
    """

    id: str
    initiated: float


class Service(service.ObjectService):
    """A bucket, and the client that talks to it from any thread.

    :param options: what ``s3_options.describe`` returned
    :ivar patience: how long it may be silent
    :ivar clock: the service's, when it answered last; seconds since the
        epoch
    """

    unreached = 'no connection to the service of s3_store_host'

    def __init__(self, store: str, options: dict[str, Any]) -> None:
        self.store = store
        self.bucket: str = options['bucket']
        self.patience = patience.Patience(options['timeout'])
        self.clock = 0.0
        self._options = options
        self._errors = s3_options.botocore(store, 'exceptions')
        self._no_answers = (self._errors.HTTPClientError,
                            self._errors.ConnectionError,
                            self._errors.IncompleteReadError,
                            # Of botocore's parsers, for half a header.
                            ValueError)
        self._all_errors = (self._errors.ClientError,
                            self._errors.BotoCoreError, ValueError)
        self._timeouts = (self._errors.ReadTimeoutError,
                          self._errors.ConnectTimeoutError)
        self._lasting = (self._errors.SSLError,)
        self._client: Any = None
        self._keys = ''

    def location(self, key: str) -> str:
        """The URL of an object, as the driver makes it; once connected."""
        return s3_options.location(self._options, key, self._keys)

    def connect(self) -> None:
        """Make ready; nothing is sent yet.

        :raises StoreError: the configuration cannot be read or used
        """
        from oslo_config import cfg
        _conf, read = settings.reread(
            self.store, self._options,
            [cfg.StrOpt(name, secret=True) for name in s3_options.KEYS])
        try:
            self._keys = s3_options.embedded_keys(self._options, self.store,
                                                  read)
        except exceptions.ConfigurationError as error:
            raise exceptions.StoreError(
                store=self.store, detail=error.detail) from error
        session = s3_options.botocore(self.store, 'session').get_session()
        session.set_credentials(*(read[name] for name in s3_options.KEYS))
        config = s3_options.botocore(self.store, 'config').Config(
            connect_timeout=self.patience.seconds,
            read_timeout=self.patience.seconds,
            # Ours know when to give up, and a body that is broken off is
            # not to be sent again.
            retries={'total_max_attempts': 1},
            max_pool_connections=int(self._options['senders']) + 2,
            **self._config())
        try:
            self._client = session.create_client(
                's3', config=config, **self._options['client'])
        except (self._errors.BotoCoreError, ValueError) as error:
            raise exceptions.StoreError(
                store=self.store, detail='its S3 client cannot be made as '
                'it is configured: %s' % type(error).__name__) from error

    def _config(self) -> dict[str, Any]:
        given: dict[str, Any] = self._options['config']
        # Every body has its MD5, which is part of what is signed. SHA-256
        # on top, as over plain HTTP by default, is one more hash of every
        # byte here and one more there.
        return {**given, 's3': {**given['s3'],
                                'payload_signing_enabled': False}}

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    # Calls.

    def call(self, doing: str, operation: str, **arguments: Any) -> Any:
        """What an operation on the bucket answers.

        :param doing: for the message, for example ``creating the upload``
        :param arguments: its parameters; a ``Body`` that can ``seek``
        :raises StoreFull: a quota or the service's room is used up
        :raises StoreDuplicate: a condition of ours was not met
        :raises StoreError: any other error
        """
        function = getattr(self._client, operation)
        body = arguments.get('Body')

        def attempt() -> Any:
            if body is not None and hasattr(body, 'seek'):
                body.seek(0)
            return self._timed(function(Bucket=self.bucket, **arguments))
        return self._insist(doing, attempt)

    def _timed(self, answer: dict[str, Any]) -> dict[str, Any]:
        self.clock = object_marks.service_time(
            answer['ResponseMetadata']['HTTPHeaders'].get('date'))
        return answer

    def _answer_passes(self, error: Exception) -> bool | None:
        code, status = self._code(error)
        if not code:
            return None
        return code in _PASSING or (
            status >= 500 and status not in _LASTING_STATUS)

    def _code(self, error: BaseException) -> tuple[str, int]:
        """What the service answered: its code and HTTP's; or '' and 0."""
        if not isinstance(error, self._errors.ClientError):
            return '', 0
        response: dict[str, Any] = error.response
        status = response.get('ResponseMetadata', {}).get('HTTPStatusCode', 0)
        code = response.get('Error', {}).get('Code') or str(status)
        return str(code), int(status)

    def _refusal(self, doing: str,
                 error: Exception) -> exceptions.StoreError:
        code, status = self._code(error)
        if not code:
            return exceptions.StoreError(
                store=self.store,
                detail='%s: %s' % (doing, type(error).__name__))
        detail = '%s: %s' % (doing, code)
        if code != str(status):
            detail += ' (%d)' % status
        if code in _FULL or status == 507:
            return exceptions.StoreFull(
                store=self.store, detail='%s; a quota is used up, or the '
                'service has no room for it' % detail)
        if code in _EXISTS:
            return exceptions.StoreDuplicate(
                store=self.store,
                detail='an object of that name in bucket %s' % self.bucket)
        if code in _HINTS:
            detail += '; ' + _HINTS[code] % {'bucket': self.bucket}
        return exceptions.StoreError(store=self.store, detail=detail)

    # The bucket.

    def has_bucket(self) -> bool:
        """:raises StoreError: that cannot be told"""
        return self._head('looking at the bucket', 'head_bucket') is not None

    @property
    def may_create(self) -> bool:
        """Whether a bucket that is missing is made by who stores first."""
        return bool(self._options['create'])

    def no_bucket(self) -> exceptions.StoreError:
        return exceptions.StoreError(
            store=self.store,
            detail=_HINTS['NoSuchBucket'] % {'bucket': self.bucket})

    def check_bucket(self) -> None:
        """Make sure that there is a bucket that we may use.

        :raises StoreError: there is not
        """
        if self.has_bucket():
            return
        if not self.may_create:
            raise self.no_bucket()
        region = self._options['create_region']
        LOG.info('Store %s: creating bucket %s.', self.store, self.bucket)
        try:
            self.call('creating the bucket', 'create_bucket', **(
                {'CreateBucketConfiguration': {'LocationConstraint': region}}
                if region else {}))
        except exceptions.StoreError as error:
            code, _status = self._code(error.__cause__ or error)
            if code not in ('BucketAlreadyOwnedByYou',
                            'BucketAlreadyExists'):
                raise

    def _head(self, doing: str, operation: str,
              **arguments: Any) -> dict[str, Any] | None:
        """The answer to a HEAD request; None where something is missing.

        A refusal comes without its reason, so we have to ask once more.
        """
        try:
            found: dict[str, Any] = self.call(doing, operation, **arguments)
            return found
        except exceptions.StoreError as error:
            status = self._code(error.__cause__ or error)[1]
            if status == 404:
                return None
            if status in (400, 403):
                self.call(doing, 'list_objects_v2', MaxKeys=1)
            raise

    # Objects.

    def find(self, key: str,
             version: str = '') -> dict[str, Any] | None:
        """An object's head; None where there is none, nor a bucket."""
        doing = 'looking for the image'
        which = {'VersionId': version} if version else {}

        def attempt() -> dict[str, Any] | None:
            found = self._head(doing, 'head_object', Key=key, **which)
            # Date is what services send last: without it metadata may be
            # missing.
            if found is not None and not (
                    _IN_A_HEAD <= found.keys() and 'date' in found[
                        'ResponseMetadata']['HTTPHeaders']):
                raise self._cut_off()
            return found
        return self._insist(doing, attempt)

    def _cut_off(self) -> Exception:
        # http.client takes the end of a connection for the end of headers.
        cut: Exception = self._errors.ConnectionClosedError(endpoint_url='')
        return cut

    def read(self, key: str, offset: int, length: int
             ) -> tuple[dict[str, Any], bytes | None]:
        """A part of an object.

        :returns: its head, {} where there is none that long; and the
            bytes, None where the service sends all of it
        """
        def attempt() -> tuple[dict[str, Any], bytes | None]:
            found = self._client.get_object(
                Bucket=self.bucket, Key=key,
                Range=ranges.header(offset, length))
            with contextlib.closing(found['Body']) as body:
                answer = found['ResponseMetadata']
                if answer['HTTPStatusCode'] != ranges.PARTIAL:
                    return found, None
                if not ranges.is_answer(answer['HTTPHeaders'], offset,
                                        length):
                    raise self._cut_off()
                return found, body.read()
        try:
            return self._insist('reading the copy', attempt)
        except exceptions.StoreError as error:
            if self._code(error.__cause__ or error)[1] in (404, 416):
                return {}, None
            raise

    def create(self, doing: str, operation: str, **arguments: Any) -> Any:
        """``call``, on condition that there is no such object yet."""
        try:
            return self.call(doing, operation, IfNoneMatch='*', **arguments)
        except exceptions.StoreError as error:
            if self._code(error.__cause__ or error)[1] != 501:
                raise
            # It is not heeded everywhere, and here it is not even ignored.
            return self.call(doing, operation, **arguments)

    def create_upload(self, key: str, metadata: dict[str, str],
                      asked: list[float]) -> str:
        """Begin a multipart upload; its id.

        :param asked: gets an element with each attempt: after more than one
            there may be uploads whose answer was lost
        """
        def attempt() -> dict[str, Any]:
            asked.append(self.clock)
            return self._timed(self._client.create_multipart_upload(
                Bucket=self.bucket, Key=key, Metadata=metadata))
        return str(self._insist('creating the upload', attempt)['UploadId'])

    def has_refused(self, error: exceptions.StoreError) -> bool:
        """Whether that is the service's answer, and it did nothing."""
        return 400 <= self._code(error.__cause__ or error)[1] < 500

    def is_missing(self, error: exceptions.StoreError) -> bool:
        """Whether it answered that there is no such thing."""
        return self._code(error.__cause__ or error)[1] == 404

    def is_unknown(self, error: exceptions.StoreError) -> bool:
        """Whether it answered that it has no such operation."""
        return self._code(error.__cause__ or error)[1] == 501

    def delete(self, key: str, found: dict[str, Any], *,
               conditional: bool = True) -> bool:
        """Remove an object, if it still is the one that was found.

        As far as the service heeds that condition. Of a bucket with
        versions that version goes, if we may.

        :param found: its head
        :param conditional: False to set no condition
        :returns: whether the condition was met
        """
        remove = functools.partial(self.call, 'removing the image',
                                   'delete_object', Key=key)
        version = found.get('VersionId') or 'null'
        try:
            if version != 'null':
                try:
                    remove(VersionId=version)
                    return True
                except exceptions.StoreError as error:
                    if self._code(error.__cause__ or error)[1] != 403:
                        raise
            remove(**({'IfMatch': found['ETag']} if conditional else {}))
        except exceptions.StoreDuplicate:
            # "Precondition failed": it is another one by now.
            return False
        except exceptions.StoreError as error:
            if self._code(error.__cause__ or error)[1] != 501:
                raise
            remove()
        return True

    def uploads(self, key: str) -> list[Upload]:
        """The unfinished uploads of an object, of whomever."""
        found: list[Upload] = []
        start: dict[str, str] = {}
        listing = functools.partial(
            self.call, 'listing unfinished uploads',
            'list_multipart_uploads', Prefix=key)
        while True:
            try:
                page = listing(**start)
            except exceptions.StoreError as error:
                if self._code(error.__cause__ or error)[0] == 'NoSuchBucket':
                    return []
                raise
            # A prefix finds the uploads of other names too.
            found += [Upload(str(one['UploadId']),
                             one['Initiated'].timestamp())
                      for one in page.get('Uploads', ())
                      if one['Key'] == key]
            if not page.get('IsTruncated'):
                return found
            start = {'KeyMarker': page['NextKeyMarker'],
                     'UploadIdMarker': page['NextUploadIdMarker']}

    def has_parts(self, key: str, upload: str) -> bool:
        """Whether anything has arrived of an upload."""
        try:
            listed = self.call('looking at the upload', 'list_parts',
                               Key=key, UploadId=upload, MaxParts=1)
        except exceptions.StoreError as error:
            if self._code(error.__cause__ or error)[0] != 'NoSuchUpload':
                raise
            return False
        return bool(listed.get('Parts'))

    def abort_upload(self, key: str, upload: str) -> bool:
        """Whether there was such an upload."""
        try:
            self.call('aborting the upload', 'abort_multipart_upload',
                      Key=key, UploadId=upload)
        except exceptions.StoreError as error:
            code, status = self._code(error.__cause__ or error)
            # The s3api of Swift says NoSuchKey of one that is complete.
            if status != 404 or code == 'NoSuchBucket':
                raise
            return False
        return True
