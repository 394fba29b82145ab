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
from typing import Any

from glance import notifier as glance_notifier

# Ours alone: what a user wrote there is never taken over.
NAMESPACE = 'lifecycle_'

# What an image falls back to, if it may not be as visible as it is.
_NARROWEST_FIRST = ('private', 'shared', 'community', 'public')


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """What an import writes on an image beside its data.

    :ivar properties: to set
    :ivar dropped: to remove, beside all others of our namespace
    :ivar tags: to add
    :ivar protected: None to leave it as it is
    :ivar hidden: None to leave it as it is
    :ivar visibilities: those that it may have; None for any
    """

    properties: Mapping[str, str]
    dropped: Collection[str]
    tags: Collection[str] = ()
    protected: bool | None = None
    hidden: bool | None = None
    visibilities: Collection[str] | None = None


def apply(image: Any, wanted: Wanted) -> None:
    """With the service's rights."""
    known = innermost(image)
    set_properties(known, wanted.properties, wanted.dropped)
    known.tags = {*known.tags, *wanted.tags}
    if wanted.protected is not None:
        known.protected = wanted.protected
    if wanted.hidden is not None:
        known.os_hidden = wanted.hidden
    if wanted.visibilities is not None:
        # It was permitted when the import was admitted, which may be hours
        # ago.
        if known.visibility not in wanted.visibilities:
            known.visibility = next(
                (v for v in _NARROWEST_FIRST if v in wanted.visibilities),
                'private')


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
        if name in dropped or name.startswith(NAMESPACE):
            dict.__delitem__(values, name)
    dict.update(values, properties)


def notify(image: Any, event: str, store: str | None = None) -> None:
    """Send what Glance's own set_data would have sent."""
    proxy = _notifying(image)
    extra = (proxy._format_import_properties()
             if event != 'image.activate' else None)
    proxy.send_notification(event, proxy.repo, extra_payload=extra,
                            backend=store)


def notify_error(image: Any, why: str) -> None:
    """As set_data does for a store that fails: of level error."""
    proxy = _notifying(image)
    glance_notifier._send_notification(
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
