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
from glance_lifecycle.osc.common import file_options
from glance_lifecycle.osc.common import glance_config

if TYPE_CHECKING:
    from glance_lifecycle.audit.caches import glance_advice
    from glance_lifecycle.audit.diagnosis import facts
    from glance_lifecycle.audit.diagnosis.symptoms import known
    from glance_lifecycle.audit.doctor import live


def known_of(connection: Any, parsed_args: argparse.Namespace,
             image: facts.Facts | None, stores: list[str]) -> known.Known:
    """All of it, of an image or of none.

    :param connection: of openstacksdk
    :raises ServiceError: the Image API cannot be asked
    :raises ConfigurationError: a file that was named is not there
    """
    from glance_lifecycle.audit.diagnosis.symptoms import known as knowns
    from glance_lifecycle.audit import image_api
    client = connection.image
    given = file_options.given(parsed_args)
    _there(given)
    hosts = file_options.gathered(
        parsed_args, file_options.directories(
            parsed_args, glance_config.directory()
            if parsed_args.this_host else None), given)
    resource: dict[str, Any] = {}
    if image is not None:
        with image_api.asking('show image %s' % image.image.id):
            resource = image_api.getter(client)(
                '/images/%s' % image.image.id, {})
    with image_api.asking('list its stores'):
        kinds = image_api.store_kinds(client)
    # One that the command line names is beside each host.
    services = {id(one): one for host in hosts
                for one in host.beside.services}.values()
    return knowns.Known(
        image, resource, kinds, tuple(stores), hosts,
        tuple(services) or tuple(given.read.services),
        _live(connection, parsed_args.symptom, parsed_args.api_url),
        _cache(client, parsed_args.api_url, hosts, kinds)
        if parsed_args.symptom == 'cache-full' else None)


def _there(given: Any) -> None:
    """:raises ConfigurationError: a file that was named is not to be had"""
    for one in given.read.broken:
        raise exceptions.InputRefused(
            detail='%s cannot be read: %s' % (
                one.shown, (one.broken or '').rstrip('.')))


def _live(connection: Any, symptom: str, urls: list[str]
          ) -> live.Live | None:
    """What the services say that this symptom is about."""
    from glance_lifecycle.audit.doctor.asked import api_hosts
    from glance_lifecycle.audit.doctor.asked import collecting
    from glance_lifecycle.audit.doctor.asked import image
    from glance_lifecycle.audit.doctor import live as lives
    if symptom not in ('missing-store', 'upload-fails'):
        return None
    asked, client = collecting.Asked(), connection.image
    answers, _clocks = api_hosts.ask(
        connection.session, api_hosts.addresses((), urls, ()))
    return lives.Live(
        methods=asked.answer('show its import methods',
                             lambda: image.methods(client, '/info')),
        stores=asked.answer('list its stores', lambda: image.detailed(
            client)),
        answers=answers, **(_limited(asked, connection)
                            if symptom == 'upload-fails' else {}))


def _limited(asked: Any, connection: Any) -> dict[str, Any]:
    """What the user's project may have; None where nobody says so."""
    from glance_lifecycle.audit.doctor.asked import identity
    from glance_lifecycle.audit.doctor.asked import image
    registered = asked.answer('list its limits', lambda: identity.limits(
        connection), identity.SERVICE)
    return {
        'usage': asked.answer('show the usage', lambda: image.usage(
            connection.image)),
        'limits': None if registered is None else tuple(sorted({
            one.name for one in registered}))}


def _cache(client: Any, urls: list[str], hosts: Any, kinds: Any
           ) -> glance_advice.Seen:
    from glance_lifecycle.audit.caches import glance_advice
    from glance_lifecycle.audit.caches import glance_nodes
    nodes = glance_nodes.ask(client, urls)
    images = glance_nodes.images(client, (
        one for node in nodes for one in (
            *(each.image_id for each in node.cached), *node.queued)))
    return glance_advice.Seen(
        nodes, images, kinds or {}, _limits(hosts), None,
        datetime.datetime.now(datetime.UTC).timestamp())


def _limits(hosts: Any) -> glance_advice.Limits | None:
    """None where they are not known, or are not the same on each host."""
    found = [_limits_of(host) for host in hosts]
    same = {(one.max_size, one.stall_time) if one else None for one in found}
    return found[0] if len(same) == 1 else None


def _limits_of(host: Any) -> glance_advice.Limits | None:
    from glance_lifecycle.audit.caches import glance_advice
    from glance_lifecycle.audit.diagnosis.symptoms import known as knowns
    values = [knowns.maybe(
        host.value, 'DEFAULT', 'image_cache_' + name) for name in (
            'max_size', 'stall_time', 'dir', 'driver', 'sqlite_db')]
    if values[0] is None or values[1] is None:
        return None
    return glance_advice.Limits(
        values[0], values[1], *(str(one or '') for one in values[2:]))
