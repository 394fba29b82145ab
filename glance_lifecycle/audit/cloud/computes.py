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

"""Computes that are configured alike, and how often they boot an image."""

import collections
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import datetime
import itertools
import json
from typing import Any

from glance_lifecycle.audit.cloud import document
from glance_lifecycle.audit.doctor.asked import collecting
from glance_lifecycle.audit.doctor.asked import compute
from glance_lifecycle.audit.doctor import live
from glance_lifecycle.dependents import listing

SERVICE = compute.SERVICE

_BINARY = 'nova-compute'
_HOST = 'OS-EXT-SRV-ATTR:host'
_NAMELESS = 'computes'
# Servers and volumes that are looked at.
MOST = 2_000_000


@dataclasses.dataclass(frozen=True)
class Asked:
    """What Nova and Placement say of computes.

    :ivar hosts: that take servers
    :ivar aggregates: host -> names of those that it is in
    :ivar only_raw: computes that take no qcow2: their disks are in Ceph
    """

    hosts: Sequence[str]
    aggregates: Mapping[str, Sequence[str]] = dataclasses.field(
        default_factory=dict)
    only_raw: frozenset[str] = frozenset()


def asked(ask: collecting.Asked, connection: Any) -> Asked | None:
    """None if Nova does not list its computes."""
    daemons: Sequence[live.Daemon] | None = ask.answer(
        'list its services', lambda: compute.daemons(
            connection.compute, _BINARY), SERVICE)
    if daemons is None:
        return None
    found = ask.answer('list the computes', lambda: compute.computes(
        connection.placement), compute.PLACEMENT)
    return Asked(
        [one.host for one in daemons if one.enabled],
        ask.answer('list its aggregates', lambda: _aggregates(
            connection.compute), SERVICE) or {},
        frozenset() if found is None else frozenset(
            set(found.raw) - set(found.qcow2)))


def _aggregates(client: Any) -> dict[str, list[str]]:
    """https://docs.openstack.org/api-ref/compute/#list-aggregates"""
    found: dict[str, list[str]] = {}
    for one in listing.get(client, '/os-aggregates', {})['aggregates']:
        for host in one['hosts']:
            found.setdefault(str(host), []).append(str(one['name']))
    return found


def groups(found: Asked, confs: Mapping[str, document.Item],
           note: document.Note) -> tuple[list[document.Item], dict[str, str]]:
    """Those of the document, and host -> the name of its group.

    :param confs: host -> what its nova.conf says
    """
    # One file is of all, unless others say otherwise.
    said = {json.dumps(one, sort_keys=True) for one in confs.values()}
    common = next(iter(confs.values())) if len(said) == 1 else None
    alike: dict[tuple[str, str], list[str]] = {}
    guessed = 0
    for host in found.hosts:
        conf = confs.get(host, common)
        if conf is None:
            guessed += 1
            conf = {'images_type': 'rbd' if _is_only_raw(host, found)
                    else 'qcow2'}
        where = '+'.join(sorted(map(document.name, found.aggregates.get(
            host, ())))) or _NAMELESS
        alike.setdefault((where[:200], json.dumps(conf, sort_keys=True)),
                         []).append(host)
    if guessed:
        note('Of %d computes there is no nova.conf. Their disks are taken to '
             'be in Ceph where Placement says that they take only raw '
             'images, and else qcow2 on the host. Name files with '
             '--nova-conf.' % guessed)
    if stray := set(confs) - set(found.hosts) if common is None else set():
        note('Nova has no compute of this name, and its nova.conf is not '
             'used: %s.' % ', '.join(sorted(stray)[:10]))
    return _named(alike, note)


def _is_only_raw(host: str, found: Asked) -> bool:
    """Placement may know it by its whole name, and Nova by the first part."""
    return host in found.only_raw or any(
        one.partition('.')[0] == host for one in found.only_raw)


def _named(alike: Mapping[tuple[str, str], list[str]], note: document.Note
           ) -> tuple[list[document.Item], dict[str, str]]:
    made, groups_of = [], {}
    taken: set[str] = set()
    times = collections.Counter(where for where, _conf in alike)
    for (where, conf), hosts in itertools.islice(
            alike.items(), document.MOST_GROUPS):
        item = json.loads(conf)
        name = where
        if times[where] > 1:
            name = '%s (%s)' % (where, item['images_type'])
        number = itertools.count(2)
        unique = name
        while unique in taken:
            unique = '%s %d' % (name, next(number))
        taken.add(unique)
        made.append({'name': unique, 'hosts': document.read(len(hosts)),
                     **item})
        groups_of.update(dict.fromkeys(hosts, unique))
    if len(alike) > len(made):
        note('There are more than %d groups of computes; the rest is left '
             'out.' % document.MOST_GROUPS)
    return made, groups_of


def booted(client: Any, since: datetime.datetime,
           progress: Callable[[int], None] = lambda count: None
           ) -> collections.Counter[tuple[str, str]]:
    """(Image, host) -> servers made of it since then, deleted ones too.

    ``changes-since`` lists deleted servers as well, until Nova archives
    them, and whatever else has changed.
    https://docs.openstack.org/api-ref/compute/#list-servers-detailed
    """
    begin = _text(since)
    found: collections.Counter[tuple[str, str]] = collections.Counter()
    count = 0
    for page in listing.pages(client, '/servers/detail', 'servers', {
            'all_tenants': 'true', 'changes-since': begin}):
        for server in page:
            image = server['image']
            if isinstance(image, Mapping) and str(
                    server.get('created') or '') >= begin:
                found[str(image['id']), str(server.get(_HOST) or '')] += 1
        count += len(page)
        progress(count)
        if count >= MOST:
            raise collecting.Unexpected(
                'there are more than %d servers' % MOST)
    return found


def _text(when: datetime.datetime) -> str:
    return when.astimezone(datetime.UTC).strftime('%Y-%m-%dT%H:%M:%SZ')


def counted(made: Mapping[tuple[str, str], int], groups_of: Mapping[str, str],
            items: Sequence[document.Item], names: Mapping[str, str],
            note: document.Note) -> dict[str, collections.Counter[str]]:
    """Name of an image -> group -> servers.

    :param names: id of an image -> its name
    """
    found: dict[str, collections.Counter[str]] = {}
    hostless = gone = 0
    largest = max(items, key=lambda one: document.plain(one['hosts']),
                  default={'name': ''})['name']
    for (image_id, host), count in made.items():
        if image_id not in names:
            gone += count
            continue
        group = groups_of.get(host)
        if group is None:
            hostless += count
            group = largest
        if group:
            found.setdefault(names[image_id], collections.Counter())[
                group] += count
    if hostless and largest and len(items) > 1:
        note('Nova does not say on which compute %d servers were booted, or '
             'that one is disabled. They are counted to the largest group.'
             % hostless)
    if gone:
        note('%d servers were booted from images that are not there any '
             'more.' % gone)
    return found


def weekly(items: Iterable[document.Item], key: str,
           found: Mapping[str, Mapping[str, int]], weeks: float) -> None:
    """Put into images what makes disks of them."""
    for item in items:
        if table := found.get(item['name']):
            item[key] = {name: document.weekly(count, weeks)
                         for name, count in table.items()}
