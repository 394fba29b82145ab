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

"""What is done to Glance's image objects, and sent for them.

An image is wrapped in proxies: authorization, quota, notifications, policy.
They are for what users do.
"""

from collections.abc import Collection
from collections.abc import Mapping
import dataclasses
import datetime
import functools
from typing import Any
import unicodedata

from glance import notifier as glance_notifier

from glance_lifecycle.glance_host import settings
from glance_lifecycle.policy import facts as policy_facts

IMPORTING = 'os_glance_importing_to_stores'
FAILED = 'os_glance_failed_import'

# Ours alone: what a user wrote there is never taken over.
NAMESPACE = 'lifecycle_'

# Ignored by databases that compare names by language: accents, controls,
# and what has no width.
_NO_LETTERS = ('Mn', 'Me', 'Cc', 'Cf', 'Zs')


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """What an import writes on an image beside its data.

    :ivar properties: to set
    :ivar dropped: to remove, beside all others of our namespace
    :ivar tags: to add
    :ivar protected: None to leave it as it is
    :ivar hidden: None to leave it as it is
    """

    properties: Mapping[str, str]
    dropped: Collection[str]
    tags: Collection[str] = ()
    protected: bool | None = None
    hidden: bool | None = None


def apply(image: Any, wanted: Wanted) -> None:
    """With the service's rights."""
    known = innermost(image)
    set_properties(known, wanted.properties, wanted.dropped)
    known.tags = {*known.tags, *wanted.tags}
    if wanted.protected is not None:
        known.protected = wanted.protected
    if wanted.hidden is not None:
        known.os_hidden = wanted.hidden


def facts(image: Any, domain: str | None,
          properties: Mapping[str, object] | None = None
          ) -> policy_facts.Facts:
    """What the policy may match on.

    :param image: without its proxies
    :param domain: id of that of the image's project, if it is known
    :param properties: all of them, where the image hides some
    """
    return policy_facts.of_image(
        disk_format=image.disk_format,
        container_format=image.container_format, size=image.size,
        virtual_size=image.virtual_size, name=image.name,
        owner=image.owner, domain=domain, visibility=image.visibility,
        tags=image.tags,
        # Its own items() goes by __iter__, which yields nothing.
        properties=dict(dict.items(image.extra_properties))
        if properties is None else properties,
        created=image.created_at, now=datetime.datetime.now(datetime.UTC),
        stores=[location['metadata'].get('store') or ''
                for location in image.locations],
        store_kinds=settings.store_kinds(),
        protected=bool(image.protected), hidden=bool(image.os_hidden))


def is_ours(name: str) -> bool:
    """Whether a property's name is of our namespace, however it is spelled.

    MySQL and MariaDB compare without case, accents and blanks at the end.
    """
    folded = unicodedata.normalize('NFKD', name).casefold()
    return ''.join(
        char for char in folded
        if unicodedata.category(char) not in _NO_LETTERS
    ).startswith(NAMESPACE)


def innermost(image: Any) -> Any:
    """The image without its proxies."""
    return _chain(image)[-1]


def set_properties(image: Any, properties: Mapping[str, str],
                   dropped: Collection[str]) -> None:
    """With the service's rights: property protections bind the user.

    :param dropped: names to remove, beside all of our namespace
    """
    # Property protections are in the class of this dictionary, even of the
    # innermost one; its __iter__, in turn, yields nothing.
    values = innermost(image).extra_properties
    for name in [*dict.keys(values)]:
        if name in dropped or is_ours(name):
            dict.__delitem__(values, name)
    dict.update(values, properties)


def list_stores(image: Any, *, add: Collection[str] = (),
                remove: Collection[str] = (), failed: Collection[str] = (),
                not_failed: Collection[str] = ()) -> None:
    """Put right the lists by which the API shows how the stores do.

    :param add: stores that are being imported to
    :param remove: those that are so no more
    :param failed: those that got no copy
    :param not_failed: those of which that is not said any more
    """
    for name, more, less in ((IMPORTING, add, remove),
                             (FAILED, failed, not_failed)):
        values = innermost(image).extra_properties
        listed = set((dict.get(values, name) or '').split(','))
        dict.update(values, {name: ','.join(sorted(
            (listed - {''} - set(less)) | set(more)))})


@functools.cache
def _notifier() -> Any:
    """The process's own: each opens connections to the broker, if it sends."""
    return glance_notifier.Notifier()


def notifying(repo: Any, context: Any) -> Any:
    """The repository, of images that ``notify()`` takes."""
    return glance_notifier.ImageRepoProxy(repo, context, _notifier())


def notify(image: Any, event: str, store: str | None = None) -> None:
    """Send what Glance's own set_data would have sent."""
    proxy = _notifying(image)
    extra = (proxy._format_import_properties()  # noqa: SLF001 - Glance's
             if event in ('image.prepare', 'image.upload') else None)
    proxy.send_notification(event, proxy.repo, extra_payload=extra,
                            backend=store)


def notify_task(task: Any, context: Any) -> None:
    """Send what Glance sends of a task that has ended.

    :param task: the domain object
    """
    glance_notifier.TaskProxy(task, context, _notifier()).send_notification(
        'task.success' if task.status == 'success' else 'task.failure', task)


def notify_error(image: Any, why: str) -> None:
    """As set_data does for a store that fails: of level error."""
    proxy = _notifying(image)
    glance_notifier._send_notification(  # noqa: SLF001 - Glance's
        proxy.notifier.error, 'image.upload',
        'Failed to upload image data for image %s: %s'
        % (proxy.repo.image_id, why))


def _notifying(image: Any) -> Any:
    return next(one for one in _chain(image)
                if isinstance(one, glance_notifier.ImageProxy))


def _chain(image: Any) -> list[Any]:
    """The image and what it wraps, outermost first."""
    found = [image]
    while hasattr(found[-1], 'base'):
        found.append(found[-1].base)
    return found
