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


"""``openstack image lifecycle policy explain``"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from collections.abc import Sequence
import dataclasses
import datetime
import os
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.cli import parseractions
from osc_lib.command import command
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle import exceptions
from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import policy_options
from glance_lifecycle.osc.common import shown

if TYPE_CHECKING:
    from glance_lifecycle.audit import drift
    from glance_lifecycle.audit import families
    from glance_lifecycle.policy import decision
    from glance_lifecycle.policy import explain

_COLUMNS = ('Section', 'Rule', 'Result', 'Detail')


class ExplainPolicy(command.Lister):
    """Show which rule decides what of an image, line by line, and why.

    Of an image that is there, today's drift is shown; of one that is not yet
    imported (--file), what would be refused.
    """

    auth_required = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument('image', metavar='<image>', nargs='?',
                          help='Image (name or id).')
        what.add_argument('--file', metavar='<file>',
                          help='File to be imported; it is only read.')
        policy_options.add_arguments(parser)
        _add_facts(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Iterator[Sequence[Any]]]:
        from glance_lifecycle.audit import drift
        from glance_lifecycle.policy import explain
        with shown.errors():
            policy = policy_options.policy(parsed_args)
            refused: list[explain.Line] = []
            view = None
            if parsed_args.file:
                facts, refused = _of_file(parsed_args)
                existing = False
            else:
                image, facts = self._of_image(parsed_args)
                existing = image['status'] in drift.SETTLED
            facts = _with(facts, parsed_args)
            if existing:
                view = self._families(policy, facts).view(
                    image, facts, policy.decide(facts))
            lines = [*explain.explain(policy, facts, existing=existing,
                                      view=view), *refused]
        return _COLUMNS, ((line.section, line.rule, str(line.result),
                           line.detail) for line in lines)

    def _of_image(self, parsed_args: argparse.Namespace
                  ) -> tuple[drift.Resource, decision.Facts]:
        from glance_lifecycle.audit import drift
        from glance_lifecycle.audit import image_api
        client = connection.of(self).image
        found = client.find_image(parsed_args.image, ignore_missing=False)
        image = image_api.getter(client)('/images/' + found.id, {})
        assert image is not None  # noqa: S101 - only of markers
        return image, drift.facts(
            image, datetime.datetime.now(datetime.UTC),
            image_api.store_kinds(client))

    def _families(self, policy: decision.Policy, facts: decision.Facts
                  ) -> families.Families:
        from glance_lifecycle.audit import families
        from glance_lifecycle.audit import image_api
        return families.Families(
            image_api.getter(connection.of(self).image), policy,
            facts.store_kinds, datetime.datetime.now(datetime.UTC))


def _add_facts(parser: argparse.ArgumentParser) -> None:
    from glance_lifecycle.policy import schema
    group = parser.add_argument_group(
        'facts', 'what the file or the image does not tell')
    group.add_argument('--name', metavar='<name>')
    group.add_argument('--disk-format', metavar='<format>',
                       help='(default: what the file is).')
    group.add_argument('--container-format', metavar='<format>',
                       help='(default: bare).')
    group.add_argument('--visibility', choices=schema.VISIBILITIES)
    group.add_argument('--project', metavar='<id>',
                       help='Project that owns it.')
    group.add_argument('--domain', metavar='<id>',
                       help='Domain of that project.')
    group.add_argument('--tag', metavar='<tag>', action='append', dest='tags',
                       help='Tag (repeat for more).')
    group.add_argument('--property', metavar='<key=value>',
                       dest='properties', action=parseractions.KeyValueAction,
                       help='Property (repeat for more).')
    group.add_argument('--import-method', choices=schema.IMPORT_METHODS)
    group.add_argument('--role', metavar='<role>', action='append',
                       dest='roles',
                       help='Role of who imports it (repeat for more).')
    group.add_argument('--store', metavar='<store>', action='append',
                       dest='stores', help='Store that is asked for (repeat '
                       'for more).')
    group.add_argument('--store-kind', metavar='<store=kind>',
                       dest='store_kinds',
                       action=parseractions.KeyValueAction,
                       help='Driver of a store of the cloud, such as '
                       'fast=rbd (repeat for all).')


def _of_file(parsed_args: argparse.Namespace
             ) -> tuple[decision.Facts, list[explain.Line]]:
    """What the file tells, and why it would be refused whatever the policy.
    """
    from glance_lifecycle.policy import document
    from glance_lifecycle.policy import explain
    from glance_lifecycle.policy import facts as policy_facts
    from glance_lifecycle.transfer.formats import inspect
    container = parsed_args.container_format or 'bare'
    declared = parsed_args.disk_format
    refused = []
    try:
        fd = os.open(parsed_args.file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise osc_exceptions.CommandError('%s cannot be read: %s.' % (
            parsed_args.file, error.strerror)) from None
    with open(fd, 'rb'):
        size = os.fstat(fd).st_size
        virtual_size: int | None = None
        if container == 'bare':
            try:
                found = inspect.inspect(fd, declared=declared)
                declared = declared or found.format
                found = inspect.check_declared(found, declared)
                virtual_size = found.virtual_size
            except exceptions.ImageRefused as error:
                refused.append(explain.Line(
                    'file', document.BUILT_IN, explain.Result.REFUSES,
                    '%s: %s' % (error.reason, error.fields['detail'])))
    return policy_facts.Facts(
        declared, container, size, virtual_size or size, name='',
        tags=frozenset(), properties={}, signed=False, age=0), refused


def _with(facts: decision.Facts, parsed_args: argparse.Namespace
          ) -> decision.Facts:
    """The facts that the user gave go over those that were found."""
    from glance_lifecycle.policy import facts as policy_facts
    given: dict[str, Any] = {
        'name': parsed_args.name, 'project': parsed_args.project,
        'domain': parsed_args.domain, 'visibility': parsed_args.visibility,
        'disk_format': parsed_args.disk_format,
        'container_format': parsed_args.container_format,
        'import_method': parsed_args.import_method,
        'store_kinds': parsed_args.store_kinds}
    if parsed_args.tags:
        given['tags'] = frozenset(parsed_args.tags)
    if parsed_args.roles:
        given['importer_roles'] = frozenset(parsed_args.roles)
    if parsed_args.stores:
        given['stores'] = tuple(parsed_args.stores)
    if parsed_args.properties:
        found = {**(facts.properties or {}), **parsed_args.properties}
        given['properties'] = found
        given['signed'] = policy_facts.signed(found)
    return dataclasses.replace(facts, **{
        name: value for name, value in given.items() if value is not None})
