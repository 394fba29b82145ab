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

"""``openstack image lifecycle cache audit``"""

import argparse
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import datetime
import json
import pathlib
import textwrap
from typing import Any
from typing import TYPE_CHECKING

from osc_lib.command import command

from glance_lifecycle.audit import finding
from glance_lifecycle.osc.common import connection
from glance_lifecycle.osc.common import file_options
from glance_lifecycle.osc.common import judging
from glance_lifecycle.osc.common import shown
from glance_lifecycle.osc.common import text_formatter

# "openstack --help" loads this module, and pays for no more than that.
if TYPE_CHECKING:
    from glance_lifecycle.audit.caches import glance_advice

#: Of the JSON: raised if a field changes its meaning, or goes.
VERSION = 1

# The least is the worst.
_CODES = {finding.Severity.ERROR: shown.BAD,
          finding.Severity.UNKNOWN: shown.UNKNOWN,
          finding.Severity.WARNING: shown.WARNING}

_COLUMNS = ('Node', 'Image', 'Name', 'State', 'Size', 'Hits',
            'Last Accessed', 'Last Modified', 'Next')


class AuditCache(judging.Judging, text_formatter.ByDefault,
                 command.Lister):
    """Say what Glance has cached, what goes next, and what is of no use.

    It asks each glance-api for its cache, which takes the rights of an
    administrator, and changes nothing. A glance-api answers only for itself:
    behind a load balancer name each with --endpoint. The exit code is 0 if
    nothing is wrong; 1 if an error was found, or the audit could not be made;
    3 if something could not be told; 4 if there are only warnings.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument(
            '--endpoint', metavar='<url>', action='append', default=[],
            type=file_options.url,
            help='URL of one glance-api; repeat it for each that is behind a '
            'load balancer (default: the endpoint of the catalogue).')
        parser.add_argument(
            '--config-dir', metavar='<directory>', type=pathlib.Path,
            help='Directory with glance-api.conf of these hosts, whose limits '
            'say what the pruner would remove. On the host of the only '
            'glance-api that is asked, its files are looked at as well.')
        return parser

    def take_action(self, parsed_args: argparse.Namespace
                    ) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        with shown.errors():
            self._report = self._audited(parsed_args)
        self._code = min((_CODES[severity] for severity in map(
            finding.Severity, (one['severity'] for one in
                               self._report['findings']))
            if severity in _CODES), default=0)
        return _COLUMNS, list(_rows(self._report))

    def produce_output(self, parsed_args: argparse.Namespace,
                       column_names: Sequence[str],
                       data: Iterable[Sequence[Any]]) -> int:
        out = self.app.stdout
        if parsed_args.formatter == 'text':
            out.writelines(line + '\n' for line in _lines(self._report))
        elif parsed_args.formatter == 'json':
            out.write(json.dumps(self._report, indent=2) + '\n')
        else:
            # Their rows are the images, and the exit code is of these.
            self.app.stderr.writelines(
                line + '\n' for line in _findings(self._report))
            return int(super().produce_output(
                parsed_args, column_names, data))
        return 0

    def _audited(self, parsed_args: argparse.Namespace) -> dict[str, Any]:
        from glance_lifecycle.audit.caches import eviction
        from glance_lifecycle.audit.caches import glance_advice
        from glance_lifecycle.audit.caches import glance_nodes
        from glance_lifecycle.audit import image_api
        limits = _limits(parsed_args.config_dir)
        client = connection.of(self).image
        nodes = glance_nodes.ask(client, parsed_args.endpoint)
        images = glance_nodes.images(client, (
            one for node in nodes for one in (
                *(each.image_id for each in node.cached), *node.queued)))
        with image_api.asking('list its stores'):
            kinds = image_api.store_kinds(client) or {}
        seen = glance_advice.Seen(
            nodes, images, kinds, limits, eviction.directory(
                limits.directory, limits.database)
            if limits and limits.directory and len(nodes) == 1 else None,
            datetime.datetime.now(datetime.UTC).timestamp())
        return _data(seen)


def _limits(path: pathlib.Path | None) -> 'glance_advice.Limits | None':
    """:raises ConfigurationError: there is no glance-api.conf"""
    if path is None:
        return None
    from glance_lifecycle.audit.caches import glance_advice
    from glance_lifecycle.audit.doctor import examination
    from glance_lifecycle.audit.doctor import host as hosts
    from glance_lifecycle import exceptions
    host, = examination.gathered(
        [('localhost', path)], examination.installed_release(), local=True)
    try:
        size, stall, directory, driver, database = (
            host.value('DEFAULT', 'image_cache_' + name) for name in (
                'max_size', 'stall_time', 'dir', 'driver', 'sqlite_db'))
    except hosts.Hidden:
        size = None
    if size is None or stall is None:
        raise exceptions.InputRefused(detail=(
            'glance-api.conf in %s has an option image_cache_* that Glance '
            'could not use. See "openstack image lifecycle doctor"' % path))
    return glance_advice.Limits(size, stall, directory or '',
                                str(driver).lower(), database or '')


def _data(seen: 'glance_advice.Seen') -> dict[str, Any]:
    from glance_lifecycle.audit.caches import glance_advice
    from glance_lifecycle.audit import pages
    nodes = []
    for node in seen.nodes:
        pruned = seen.pruned(node)
        nodes.append({
            'name': node.name, 'enabled': not node.disabled and (
                not node.unknown),
            'size': sum(one.size for one in node.cached),
            'cached': [{
                'image': one.image_id, **_image(seen, one.image_id),
                'size': one.size, 'hits': one.hits,
                'last_accessed': _time(one.last_accessed),
                'last_modified': _time(one.last_modified)}
                for one in node.cached],
            'queued': [{'image': one, **_image(seen, one)}
                       for one in node.queued],
            'pruned_next': pruned})
    return {
        'version': VERSION,
        'limits': None if seen.limits is None else {
            'max_size': seen.limits.max_size,
            'stall_time': seen.limits.stall_time,
            'directory': seen.limits.directory or None,
            'driver': seen.limits.driver},
        'nodes': nodes,
        'findings': [{
            'code': one.code, 'page': pages.code(one.code),
            'severity': str(one.severity),
            'node': one.hosts[0], 'subject': one.subject,
            'evidence': one.evidence, 'remedy': one.remedy,
            'destructive': one.destructive}
            for one in glance_advice.findings(seen)]}


def _image(seen: 'glance_advice.Seen', image_id: str) -> dict[str, Any]:
    image = seen.images.get(image_id)
    return {'name': None if image is None else image.get('name'),
            'status': 'gone' if image is None else image.get('status')}


def _rows(report: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    for node in report['nodes']:
        pruned = node['pruned_next']
        for one in node['cached']:
            yield (shown.visible(node['name']), one['image'],
                   shown.visible(one['name'] or ''), one['status'],
                   one['size'], one['hits'], one['last_accessed'],
                   one['last_modified'], 'unknown' if pruned is None else
                   'pruned' if one['image'] in pruned else 'stays')
        for one in node['queued']:
            yield (shown.visible(node['name']), one['image'],
                   shown.visible(one['name'] or ''), one['status'], '', '',
                   '', '', 'fetched')


def _lines(report: dict[str, Any]) -> Iterator[str]:
    from glance_lifecycle.policy import units
    limits = report['limits']
    for node in report['nodes']:
        if not node['enabled']:
            continue
        pruned = node['pruned_next']
        yield '%s: %d images, %s; %d queued.' % (
            shown.visible(node['name']), len(node['cached']),
            units.size_text(node['size']), len(node['queued']))
        yield ('The limit is not known: name --config-dir.'
               if limits is None else
               'The limit is %s: the pruner would remove %d.' % (
                   units.size_text(limits['max_size']), len(pruned)))
        for one in node['cached']:
            yield '    %s  %s  %s, read %d times, last %s%s' % (
                one['image'], shown.visible(one['name'] or one['status']),
                units.size_text(one['size']), one['hits'],
                one['last_accessed'], ', goes next'
                if pruned and one['image'] in pruned else '')
        for one in node['queued']:
            yield '    %s  %s  queued' % (
                one['image'], shown.visible(one['name'] or one['status']))
    yield from _findings(report)


def _findings(report: dict[str, Any]) -> Iterator[str]:
    for one in report['findings']:
        yield ''
        yield '%s %s %s %s' % (one['severity'].upper(), one['page'],
                               one['code'], one['subject'])
        yield from _indented(one['evidence'])
        yield '    on %s' % one['node']
        yield from _indented('%s%s' % (
            'DESTRUCTIVE: ' if one['destructive'] else 'Remedy: ',
            one['remedy']))


def _indented(text: str) -> list[str]:
    return textwrap.wrap(text, 78, initial_indent='    ',
                         subsequent_indent='    ', break_long_words=False,
                         break_on_hyphens=False)


def _time(seconds: float) -> str:
    try:
        return datetime.datetime.fromtimestamp(
            int(seconds), datetime.UTC).strftime('%Y-%m-%dT%H:%M:%SZ')
    except (OSError, OverflowError, ValueError):
        return 'unknown'
