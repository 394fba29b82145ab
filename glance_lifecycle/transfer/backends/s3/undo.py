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

"""What a dead transfer left in a bucket, and nothing else.

An upload is known by its id, an object by the token in its metadata, its
length and its entity tag. Where the bucket keeps versions, the very version
that was looked at is removed.

Neither an upload's token nor anything else of ours can be asked for before it
is complete. So one whose id we never learnt, because the answer was lost or we
died at that moment, is known by this: it was begun in the seconds in which we
asked for it, and has no part, which ours cannot have.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import logging
from typing import Any

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends.object_store \
    import marks as object_marks
from glance_lifecycle.transfer.backends.s3 import service as s3_service
from glance_lifecycle.transfer.backends.s3 import tags
from glance_lifecycle.transfer import sink

LOG = logging.getLogger(__name__)

# Seconds by which a Date header may be older than what happens after it.
_SECOND = 1.0


def absent(service: s3_service.Service, key: str) -> sink.Mark:
    """See Sink.absent."""
    there = service.has_bucket()
    if not there and not service.may_create:
        raise service.no_bucket()
    refuse_existing(service, key)
    return {**object_marks.absent(service.clock), 'bucket': there}


def refuse_existing(service: s3_service.Service, key: str) -> None:
    """:raises StoreDuplicate: there is such an object"""
    if service.find(key) is not None:
        raise exceptions.StoreDuplicate(
            store=service.store, detail='an object named %s in bucket %s' %
            (key, service.bucket))


def undo(service: s3_service.Service, key: str,
         created: Sequence[sink.Mark]) -> bool:
    """See Sink.undo."""
    if any(mark.get('bucket', True) for mark in created) and (
            not service.has_bucket()):
        raise exceptions.StoreError(
            store=service.store, detail='there is no bucket %s any more, '
            'where the image was written' % service.bucket)
    # First, so that none of them can become the object after all.
    removed = _abort_uploads(service, key, created)
    return _remove_object(service, key, created) or removed


def is_ours(found: dict[str, Any], created: Sequence[sink.Mark]) -> bool:
    """Whether a mark is of the object with that head."""
    token = found.get('Metadata', {}).get(object_marks.METADATA)
    tag = found['ETag'].strip('"')
    hidden = tags.is_hidden(found)
    return any(
        mark.get(object_marks.TOKEN) == token and 'etag' in mark
        and mark['size'] == found['ContentLength']
        and (hidden or mark['etag'] in (tag, tags.UNKNOWN))
        for mark in created if token)


def _abort_uploads(service: s3_service.Service, key: str,
                   created: Sequence[sink.Mark]) -> bool:
    noted = [str(mark['upload']) for mark in created
             if mark.get('upload')]
    removed = [upload for upload in noted
               if service.abort_upload(key, upload)]
    spans = list(_unanswered(created, service.patience.most))
    if not spans and not any('absent' in m or 'since' in m for m in created):
        return bool(removed)
    for upload in service.uploads(key):
        unanswered = any(
            begin - _SECOND <= upload.initiated <= end + _SECOND
            for begin, end in spans)
        if object_marks.vouched_part(created, upload.initiated) or (
                unanswered and not service.has_parts(key, upload.id)):
            service.abort_upload(key, upload.id)
            removed.append(upload.id)
    return bool(removed)


def _unanswered(created: Sequence[sink.Mark], patience: float
                ) -> Iterator[tuple[float, float]]:
    """When uploads may have been begun whose ids we never learnt."""
    answered = {mark[object_marks.TOKEN] for mark in created
                if 'upload' in mark}
    for mark in created:
        if 'upload' in mark:
            if mark['again']:
                yield mark[sink.BEGUN], mark['until']
        elif sink.BEGUN in mark and 'absent' not in mark and (
                mark[object_marks.TOKEN] not in answered):
            begun = float(mark[sink.BEGUN])
            yield begun, begun + patience


def _remove_object(service: s3_service.Service, key: str,
                   created: Sequence[sink.Mark]) -> bool:
    removed = False
    found = service.find(key)
    if found and (is_ours(found, created) or sink.vouched(
            created, found['LastModified'].timestamp())):
        removed = _delete(service, key, found)
    elif found:
        LOG.warning('Store %s has an object named %s that this transfer has '
                    'not made. It stays.', service.store, key)
    for version in {str(mark['version']) for mark in created
                    if 'version' in mark}:
        # Where it is not the current one any more.
        found = service.find(key, version)
        if found and is_ours(found, created):
            removed |= _delete(service, key, found)
    return removed


def _delete(service: s3_service.Service, key: str,
            found: dict[str, Any]) -> bool:
    if service.delete(key, found):
        return True
    again = service.find(key)
    if again is None or any(again.get(name) != found.get(name) for name in (
            'ETag', 'LastModified', 'Metadata', 'VersionId')):
        return False
    # The s3api of Swift compares with another tag than the one it tells.
    return service.delete(key, found, conditional=False)
