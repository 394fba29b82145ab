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

"""What probes that died have left in a store.

Their names are no ids of images, so that nobody can give one to an image, and
hygiene calls them foreign.
"""

import datetime
import logging
import re
import secrets

from oslo_config import cfg

from glance_lifecycle import exceptions
from glance_lifecycle.jobs import inventories
from glance_lifecycle.recovery import recovering
from glance_lifecycle.recovery import undoing
from glance_lifecycle.transfer.backends.rbd import cloning
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import journals
from glance_lifecycle.transfer import sink

CONF = cfg.CONF
LOG = logging.getLogger(__name__)

PREFIX = 'lifecycle-probe-'

#: Those whose objects can be read back and removed by their names.
DRIVERS = ('file', 'rbd', 's3', 'swift')

_TIME = '%Y%m%dT%H%M%SZ'
_CLONE = '-clone'
_NAME = re.compile(
    re.escape(PREFIX) + r'(?P<when>\d{8}T\d{6}Z)-[0-9a-f]{8}(-clone)?')

# What is older is nobody's any more: the largest probe takes minutes.
_OLD = datetime.timedelta(hours=1)


def name(now: datetime.datetime) -> str:
    """Of a new one; it says when it began."""
    return '%s%s-%s' % (PREFIX, now.strftime(_TIME), secrets.token_hex(4))


def clone(probe: str) -> str:
    return probe + _CLONE


def began(found: str) -> datetime.datetime | None:
    """When the probe of that name did; None where it is none's."""
    match = _NAME.fullmatch(found)
    if match is None:
        return None
    try:
        return datetime.datetime.strptime(match['when'], _TIME).replace(
            tzinfo=datetime.UTC)
    except ValueError:
        return None


def remove(target: jobs.Target) -> list[str]:
    """Those in one store that are dead; what cannot be removed is logged.

    :returns: the names of the probes
    :raises StoreError: the store cannot be looked into
    :raises ConfigurationError: likewise, or the state directory
    """
    alive: set[str] = set()
    dead: set[str] = set()
    for record, lives in journals.seen(
            CONF.lifecycle.state_dir, lambda task: task.startswith('probe-')):
        if any(one.store == target.store for one in record.targets):
            (alive if lives else dead).add(record.image_id)
    before = datetime.datetime.now(datetime.UTC) - _OLD
    there = {one.removesuffix(_CLONE) for one in _names(target)
             if (when := began(one)) is not None and when < before}
    done = []
    for one in sorted((dead | there) - alive):
        try:
            if _removed(target, one, one in dead):
                done.append(one)
        except exceptions.LifecycleError as error:
            LOG.warning('What a probe has left in store %s cannot be removed '
                        'now: %s', target.store, error)
    return done


def _names(target: jobs.Target) -> list[str]:
    if target.driver == 'rbd':
        # An inventory looks at each image.
        return cloning.names(target.store, target.options, began)
    opened = inventories.opened(target.store)
    try:
        return [entry.name for entry in opened.entries()
                if began(entry.name) is not None]
    finally:
        opened.close()


def _removed(target: jobs.Target, found: str, recorded: bool) -> bool:
    if target.driver == 'rbd':
        # First: nothing can be removed that a clone hangs on.
        cloning.remove(target.store, target.options, clone(found))
    if recorded:
        return all([plan.finished for plan in recovering.recover_copies(
            CONF.lifecycle.state_dir, found)])
    return target.undo(found, [sink.since(undoing.ALWAYS)])
