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

"""The running services, asked by the user's own rights.

Only what is read is asked for, and nothing is changed. A question that is not
answered is noted, and the others are asked all the same.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import dataclasses
import re
from typing import Any

from glance_lifecycle.audit.doctor.asked import api_hosts
from glance_lifecycle.audit.doctor.asked import block_storage
from glance_lifecycle.audit.doctor.asked import ceph
from glance_lifecycle.audit.doctor.asked import collecting
from glance_lifecycle.audit.doctor.asked import compute
from glance_lifecycle.audit.doctor.asked import identity
from glance_lifecycle.audit.doctor.asked import image
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import service

_OWNER = 'cinder_internal_tenant_%s_id'


def collect(connection: Any, found: Sequence[hosts.Host] = (),
            urls: Sequence[str] = ()) -> live.Live:
    """What they say now.

    :param connection: of openstacksdk
    :param found: hosts whose files are looked at as well
    :param urls: of glance-api to ask themselves
    """
    asked = collecting.Asked()
    catalogue = asked.answer(
        'show its catalogue', lambda: identity.catalogue(connection),
        identity.SERVICE)
    endpoints = [one for one in catalogue or () if one.kind == 'image']
    registered = asked.answer(
        'list its limits', lambda: identity.limits(connection),
        identity.SERVICE)
    answers, clocks = api_hosts.ask(
        connection.session, api_hosts.addresses(endpoints, urls, found))
    ahead = asked.answer('say what time it is', lambda: identity.ahead(
        connection), identity.SERVICE)
    if ahead is not None:
        clocks['Keystone'] = ahead
    there = {one.kind for one in catalogue or ()}
    return dataclasses.replace(
        image.ask(asked, connection),
        limits=None if registered is None else tuple(sorted({
            one.name for one in registered})),
        registered=registered,
        endpoints=None if catalogue is None else tuple(endpoints),
        catalogue=None if catalogue is None else tuple(
            one for one in catalogue if one.kind != 'image'),
        answers=answers, clocks=clocks,
        known=asked.answer('show projects and users', lambda: identity.known(
            connection, sorted(set(_owners(found)))),
            identity.SERVICE) or {},
        pools=ceph.pools(asked, found),
        **_users(asked, connection, there), unknown=tuple(asked.unknown))


def _users(asked: collecting.Asked, connection: Any, there: set[str]
           ) -> dict[str, Any]:
    """Those of images: what is not in the catalogue is not missed."""
    found: dict[str, Any] = {}
    daemons: tuple[live.Daemon, ...] = ()
    if 'compute' in there:
        daemons += asked.answer(
            'list its services', lambda: compute.daemons(
                connection.compute, 'nova-compute'), compute.SERVICE) or ()
        found['booted'] = asked.answer(
            'list the servers', lambda: compute.booted(connection.compute),
            compute.SERVICE)
    if 'placement' in there:
        found['computes'] = asked.answer(
            'list the computes', lambda: compute.computes(
                connection.placement), compute.PLACEMENT)
    if 'block-storage' in there:
        daemons += asked.answer(
            'list its services', lambda: block_storage.daemons(
                connection.block_storage), block_storage.SERVICE) or ()
    return {**found, 'daemons': daemons}


def _owners(found: Sequence[hosts.Host]) -> Iterator[str]:
    """Of Cinder's cache of images, as the files have them."""
    for host in found:
        for cinder in host.beside.of(service.CINDER):
            for kind in ('project', 'user'):
                with contextlib.suppress(masking.Hidden):
                    named = cinder.value('DEFAULT', _OWNER % kind) or ''
                    if re.fullmatch(r'[\w-]{1,64}', named):
                        yield '%s %s' % (kind, named)
