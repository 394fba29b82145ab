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

"""``openstack image lifecycle store drop``"""

from __future__ import annotations

import argparse
import sys
from typing import Any
from typing import TYPE_CHECKING
import urllib.parse

from openstack import exceptions as sdk_exceptions
from osc_lib.command import command
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle.copies import dropping
from glance_lifecycle.dependents import base
from glance_lifecycle.dependents import loading
from glance_lifecycle import exceptions
from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import policy_options
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import store_host
from glance_lifecycle.osc import store_show

if TYPE_CHECKING:
    from glance_lifecycle.copies import facade

_PROVIDER = 'rbd_children'


class DropFromStore(command.Command):
    """DESTRUCTIVE: delete the copy of an image in one store.

    Shows what would be done, and asks first. Never the last copy, nor one
    that volumes or servers were cloned from, nor while it is not known whether
    any were. On a host of glance-api another copy must really be there.
    Glance deletes it, as far as its policy lets you.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument('image', metavar='<image>',
                            help='Image (name or id).')
        parser.add_argument('--from', metavar='<store>', dest='store',
                            required=True, help='Store to delete it from.')
        parser.add_argument('--dry-run', action='store_true',
                            help='Only say what would be done.')
        parser.add_argument('-y', '--yes', action='store_true',
                            help='Do not ask.')
        parser.add_argument(
            '--ceph-conf', metavar='<file>', default='',
            help="Ceph's configuration, to look for clones (default: what "
            'glance-api has, or where Ceph looks itself).')
        parser.add_argument(
            '--ceph-user', metavar='<user>', default='',
            help='Ceph user, without "client.".')
        parser.add_argument(
            '--ceph-timeout', metavar='<seconds>', type=float, default=10.0,
            help='Seconds to wait for Ceph (default: 10).')
        store_host.add_arguments(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        resource = store_host.find(self, parsed_args.image)
        with shown.errors():
            plan = self._plan(parsed_args, resource)
        for line in plan.lines():
            self.app.stdout.write(line + '\n')
        if plan.against:
            raise osc_exceptions.CommandError(
                'The copy of image %s in store %s cannot be dropped: %s.' % (
                    plan.image_id, parsed_args.store,
                    '; '.join(plan.against).rstrip('.')))
        if parsed_args.dry_run:
            return
        if not parsed_args.yes:
            _ask()
        self._drop(plan)
        self.app.stdout.write('Dropped.\n')

    def _plan(self, parsed_args: argparse.Namespace,
              resource: Any) -> dropping.Plan:
        host = store_host.here(parsed_args, resource)
        return dropping.plan(
            resource.id, resource.name or '', parsed_args.store,
            (resource.properties or {}).get('os_glance_import_task'),
            store_show.look(host, resource),
            self._clones(parsed_args, resource, host))

    def _clones(self, parsed_args: argparse.Namespace, resource: Any,
                host: facade.Copies | None) -> base.Answer:
        """What was cloned from this very copy."""
        store = parsed_args.store
        if store not in store_host.stores_of(resource):
            return base.Answer(_PROVIDER, True)
        client = connection.of(self).image
        ceph = {'': base.Ceph(parsed_args.ceph_conf, parsed_args.ceph_user)}
        if host is not None:
            url: str | None = store_host.copy_in(host, store).url
            if not (parsed_args.ceph_conf or parsed_args.ceph_user):
                ceph = host.ceph_clusters()
        else:
            kinds = policy_options.store_kinds(client) or {}
            if kinds.get(store, 'rbd') != 'rbd':
                return base.Answer(_PROVIDER, True)
            url = _location(client, resource, store)
        if url is None:
            return base.Answer(
                _PROVIDER, False, 'Glance does not show where it is stored. '
                + store_host.WHERE)
        provider = loading.providers([_PROVIDER], None, base.Settings(
            ceph=ceph, ceph_timeout=parsed_args.ceph_timeout))[0]
        return provider.ask(base.Image(
            resource.id, locations=(base.Location(url, store),)))

    def _drop(self, plan: dropping.Plan) -> None:
        client = connection.of(self).image
        try:
            # As a user of the API, so that its policy decides.
            sdk_exceptions.raise_from_response(client.delete(
                '/stores/%s/%s' % (urllib.parse.quote(
                    plan.destroyed.store, safe=''), plan.image_id)))
        except sdk_exceptions.HttpException as error:
            raise osc_exceptions.CommandError(
                'Glance does not drop the copy in store %s: %s' % (
                    plan.destroyed.store, exceptions.sentence(str(
                        error.details or error)))) from None


def _ask() -> None:
    """:raises CommandError: the answer is not yes"""
    if not sys.stdin.isatty():
        raise osc_exceptions.CommandError(
            'Nothing was dropped: there is no terminal to ask on. Use '
            '--yes.')
    if input('Go on? [y/N] ').strip().lower() not in ('y', 'yes'):
        raise osc_exceptions.CommandError('Nothing was dropped.')


def _location(client: Any, resource: Any, store: str) -> str | None:
    """Where it is, if this user is shown that.

    https://docs.openstack.org/api-ref/image/v2/#show-image-locations
    """
    locations = resource.locations
    if locations is None:
        response = client.get('/images/%s/locations' % resource.id)
        locations = response.json() if response.status_code == 200 else []
    for location in locations:
        if (location.get('metadata') or {}).get('store') == store:
            return str(location.get('url') or '') or None
    return None
