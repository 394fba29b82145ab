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

"""What the services and the files tell of a symptom.

What heavy modules it needs are loaded when it is asked.
"""

from __future__ import annotations

import argparse
import datetime
from typing import Any
from typing import TYPE_CHECKING

from glance_lifecycle import exceptions

if TYPE_CHECKING:
    from glance_lifecycle.audit.caches import glance_advice
    from glance_lifecycle.audit.diagnosis import facts
    from glance_lifecycle.audit.diagnosis.symptoms import known
    from glance_lifecycle.audit.doctor import live


def known_of(client: Any, parsed_args: argparse.Namespace,
             image: facts.Facts | None, stores: list[str]) -> known.Known:
    """All of it, of an image or of none.

    :param client: ``connection.image``
    :raises ServiceError: the Image API cannot be asked
    :raises ConfigurationError: a file that was named is not there
    """
    from glance_lifecycle.audit.diagnosis.symptoms import known as knowns
    from glance_lifecycle.audit.doctor import beside
    from glance_lifecycle.audit.doctor import examination
    from glance_lifecycle.audit import image_api
    given = beside.Given(parsed_args.nova_conf, parsed_args.cinder_conf,
                         parsed_args.ceph_conf)
    _there(given)
    hosts = [] if parsed_args.config_dir is None else examination.gathered(
        [('localhost', parsed_args.config_dir)],
        examination.installed_release(), local=True, given=given)
    resource: dict[str, Any] = {}
    if image is not None:
        with image_api.asking('show image %s' % image.image.id):
            resource = image_api.getter(client)(
                '/images/%s' % image.image.id, {})
    with image_api.asking('list its stores'):
        kinds = image_api.store_kinds(client)
    return knowns.Known(
        image, resource, kinds, tuple(stores), hosts,
        tuple(one for host in hosts for one in host.beside.services)
        or tuple(given.read.services),
        _live(client) if parsed_args.symptom == 'upload-fails' else None,
        _cache(client, hosts, kinds)
        if parsed_args.symptom == 'cache-full' else None)


def _there(given: Any) -> None:
    """:raises ConfigurationError: a file that was named is not to be had"""
    for one in given.read.broken:
        raise exceptions.ConfigurationError(
            detail='%s cannot be read: %s' % (
                one.shown, (one.broken or '').rstrip('.')))


def _live(client: Any) -> live.Live:
    from glance_lifecycle.audit.doctor import live as lives
    from glance_lifecycle.audit import image_api
    try:
        with image_api.asking('show the usage'):
            answer = image_api.getter(client)('/info/usage', {})
        usage = {str(name): lives.Usage(int(one['limit']), int(one['usage']))
                 for name, one in answer['usage'].items()}
    except (exceptions.ServiceError, AttributeError, KeyError, TypeError,
            ValueError):
        return lives.Live()
    return lives.Live(usage=usage)


def _cache(client: Any, hosts: Any, kinds: Any) -> glance_advice.Seen:
    from glance_lifecycle.audit.caches import glance_advice
    from glance_lifecycle.audit.caches import glance_nodes
    nodes = glance_nodes.ask(client)
    images = glance_nodes.images(client, (
        one for node in nodes for one in (
            *(each.image_id for each in node.cached), *node.queued)))
    return glance_advice.Seen(
        nodes, images, kinds or {}, _limits(hosts), None,
        datetime.datetime.now(datetime.UTC).timestamp())


def _limits(hosts: Any) -> glance_advice.Limits | None:
    from glance_lifecycle.audit.caches import glance_advice
    from glance_lifecycle.audit.diagnosis.symptoms import known as knowns
    if not hosts:
        return None
    values = [knowns.maybe(
        hosts[0].value, 'DEFAULT', 'image_cache_' + name) for name in (
            'max_size', 'stall_time', 'dir', 'driver', 'sqlite_db')]
    if values[0] is None or values[1] is None:
        return None
    return glance_advice.Limits(
        values[0], values[1], *(str(one or '') for one in values[2:]))
