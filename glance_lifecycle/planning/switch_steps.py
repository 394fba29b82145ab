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

"""What goes to the default store, and how another one becomes it.

Read in Glance (``get_stores_from_request`` of glance/common/utils.py,
``upload`` of glance/api/v2/image_data.py, ``copy_image`` of the internal
plugins), in Nova (``direct_snapshot``) and in Cinder (``upload_volume``).
"""

from collections.abc import Iterator
import dataclasses
import shlex

from glance_lifecycle.planning import cloud as clouds
from glance_lifecycle.planning import default_store
from glance_lifecycle.planning import words

# Days: who buys disks needs longer.
_SOON = 30
_MIGRATE = 'openstack image lifecycle migrate plan --from %s --to %s'


@dataclasses.dataclass(frozen=True)
class Goes:
    """What reads [glance_store] default_backend.

    :ivar what: a name
    :ivar but: what goes elsewhere, in sentences
    """

    what: str
    but: str


GOES = (
    Goes('Uploads (PUT /v2/images/ID/file)',
         'Those with the header X-Image-Meta-Store go where that says.'),
    Goes('Imports (glance-direct, web-download, glance-download)',
         'Those with stores or all_stores, or that header, go where these '
         'say. "place" of the lifecycle policy adds stores, and with '
         '"combine: policy-only" takes the place of the default.'),
    Goes('Snapshots of servers, as Nova uploads them',
         'Nova names no store. Those that it makes in Ceph by itself are in '
         'the pool of the image that the server was booted from. One of a '
         'server that boots from a volume has no bytes.'),
    Goes('Volumes that Cinder uploads as images',
         'Those whose volume type has image_service:store_id go to that '
         'store.'),
    Goes('What copy-image reads',
         'It reads the copy in the default store, and where there is none, '
         'another. All others read, and are shown, the copy whose store has '
         'the largest weight: the default store does not matter there.'),
)


def steps(switch: default_store.Switch) -> Iterator[str]:
    """In their order, sentences."""
    new = switch.new.name
    yield ('On every host of glance-api, see that [DEFAULT] enabled_backends '
           'has %s and that the section [%s] has its options; restart '
           'glance-api where you changed that, host by host. A host that '
           'does not know its default store does not start, and one that '
           'does not know a store cannot read what is in it.' % (new, new))
    yield ('Run "openstack image lifecycle doctor" on every host. Do not go '
           'on before all of them are well.')
    yield ('Write default_backend = %s into [glance_store] on every host, and '
           'restart glance-api host by host. In between, new images go to %s '
           'or to %s, which all hosts can read.' % (
               new, switch.old.name, new))
    yield ('Run the doctor again, and see that "openstack image lifecycle '
           'cloud show" says "default_store: %s".' % new)
    yield ('Leave %s in enabled_backends as long as an image is in it.'
           % switch.old.name)


def back(switch: default_store.Switch) -> Iterator[str]:
    """How to undo it, sentences."""
    old, new = switch.old.name, switch.new.name
    yield ('Write default_backend = %s on every host again, and restart '
           'glance-api host by host.' % old)
    yield ('Images that came in between stay in %s. To move them: "%s".' % (
        new, _move(switch.new, switch.old)))


def move(switch: default_store.Switch) -> str:
    """The command that plans how the images that are there move."""
    return _move(switch.old, switch.new)


def _move(source: clouds.Store, target: clouds.Store) -> str:
    return _MIGRATE % (shlex.quote(source.name), shlex.quote(target.name))


def warnings(switch: default_store.Switch) -> Iterator[str]:
    """What gets worse, sentences."""
    for kind in dict.fromkeys(one.kind for one in switch.landings):
        found = [one for one in switch.landings if one.kind is kind
                 and one.change is default_store.Change.LOSES_CLONES]
        if found:
            yield ('%s can no longer clone new images that are %s: %s' % (
                words.names(words.consumer(one.consumer) for one in found),
                kind, found[0].after.failed.words
                if found[0].after.failed else ''))
    lost = [one.group.name for one in switch.snapshots
            if one.old.direct and not one.new.direct]
    if lost:
        yield ('Snapshots of servers of %s whose image has landed in %s are '
               'uploaded, and no longer made in Ceph.' % (
                   words.names(lost), switch.new.name))
    room = switch.rooms[1]
    if not room.store.free.value:
        yield 'No room is free in %s.' % switch.new.name
    elif room.days is not None and room.days < _SOON:
        yield 'At the rate at which images come in, %s is full in %s.' % (
            switch.new.name, words.count(int(room.days), 'days'))
