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

"""``glance-lifecycle-manage locations``, which needs Glance."""

import argparse
from collections.abc import Iterator
from collections.abc import Mapping
import json
import sys
from typing import Any

from glance_lifecycle.cmd import asking

_REWRITE = (
    'Write the locations of one store as its driver, with the configuration '
    'of this host, would write them today: after the keys of an S3 store, or '
    'the user, the key or the section of a Swift store were changed. '
    'DESTRUCTIVE: the old credentials are gone from the database. Objects '
    'are not touched, and each is read with the new credentials before its '
    'location is changed. Safe to be killed, and to be run again.')

_RENAME = (
    'Give the locations of a store that was renamed in the configuration its '
    'new name. DESTRUCTIVE: a glance-api that knows the store by its old '
    'name does not find the images any more. Only locations that are where '
    'the store is are changed, and nothing while imports, jobs or '
    'migrations have the old name. Safe to be killed, and to be run again.')

_CONSEQUENCES = (
    'The old credentials are still needed, by Glance for what is not yet '
    'rewritten. Revoke them when this command finds nothing more to do.',
    'Each glance-api writes the credentials that it was started with. '
    'Restart all of them with the new configuration first; what they write '
    'until then is found when this is run again.',
    'Imports and copies that run go on. Images that are being imported or '
    'copied are left as they are: run this again when that has ended.',
    'Downloads that have begun go on as long as the old credentials are '
    'valid.',
    'What "store verify" knows stays known on this host. On others, verify '
    'the copies again before one is dropped.',
    'Backups of the database, and rows of deleted images until "glance-'
    'manage db purge", keep the old credentials.',
)


_RENAME_FOLLOWS = (
    'A glance-api that has the old name in its configuration does not find '
    'these copies, and gives them the old name again where it comes upon '
    'them. Restart all of them with the new name first.',
    'The worker, hosts with the policy file, and plans of migrations, '
    'hygiene and duplicates that were made before name the old store. '
    'Restart workers, and make the plans anew.',
    'Migrations that are over get the new name, so that they can be taken '
    'back. History and jobs that are over keep the old one.',
    'What is in quarantine lies in the store itself, and is listed under '
    'the new name.',
    'What "store verify" knows stays known on this host. On others, verify '
    'the copies again before one is dropped.',
)


def add_parser(commands: Any) -> None:
    """:param commands: what argparse's ``add_subparsers()`` gave"""
    locations = commands.add_parser(
        'locations', help="Put right where Glance's database says that "
        'images are.', description="Put right where Glance's database says "
        'that images are. What would be done is shown first.')
    actions = locations.add_subparsers(required=True, metavar='ACTION')
    rewrite = actions.add_parser(
        'rewrite', help='DESTRUCTIVE: replace the credentials in the '
        'locations of a store.', description=_REWRITE)
    rewrite.add_argument(
        '--store', required=True, metavar='NAME',
        help='Its name in [DEFAULT] enabled_backends.')
    _add_asking(rewrite)
    rewrite.set_defaults(function=_rewrite, needs_glance=True)
    rename = actions.add_parser(
        'rename', help='DESTRUCTIVE: give the locations of a store the name '
        'that it has now.', description=_RENAME)
    rename.add_argument('--from', dest='old', required=True, metavar='OLD',
                        help='The name that it had.')
    rename.add_argument(
        '--to', dest='new', required=True, metavar='NEW',
        help='Its name in [DEFAULT] enabled_backends.')
    _add_asking(rename)
    rename.set_defaults(function=_rename, needs_glance=True)


def _add_asking(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('--dry-run', action='store_true',
                        help='Only say what would be done.')
    parser.add_argument('-y', '--yes', action='store_true',
                        help='Do not ask.')
    parser.add_argument('-f', '--format', choices=['text', 'json'],
                        default='text', help='How to print the result.')


def _rewrite(args: argparse.Namespace) -> int:
    """:returns: 0, or 1 if a location is left that is not as it should be, or
        it was declined
    """
    # Only now: --help is there for everybody.
    from glance_lifecycle.copies.locations import rewriting
    found = rewriting.survey(args.store)
    report: dict[str, Any] = {'plan': found.to_dict(), 'done': None}
    declined = False
    shown = sys.stdout if args.format == 'text' else sys.stderr
    print('\n'.join(_planned(found.to_dict())), file=shown)
    if found.number and not args.dry_run:
        if not _agreed(args, 'the old credentials are replaced in the '
                       'database of Glance.'):
            declined = True
            print('Nothing is changed.', file=shown)
        else:
            done = rewriting.rewrite(args.store, _progress)
            report['done'] = done.to_dict()
            print('\n'.join(_done(report['done'], 'Rewritten')), file=shown)
            if not _code(report):
                print('Nothing is left to do. Run it again when each '
                      'glance-api was restarted; then the old credentials '
                      'can be revoked.', file=shown)
    if args.format == 'json':
        print(json.dumps(report, indent=2))
    return int(declined or _code(report))


def _rename(args: argparse.Namespace) -> int:
    """:returns: 0, or 1 if it is refused, declined, or a location keeps the
        old name
    """
    from glance_lifecycle.copies.locations import renaming
    found = renaming.survey(args.old, args.new)
    report: dict[str, Any] = {'plan': found.to_dict(), 'done': None}
    shown = sys.stdout if args.format == 'text' else sys.stderr
    print('\n'.join(_renamed(report['plan'])), file=shown)
    refused = bool(found.hinders)
    if refused and not args.dry_run:
        print('Nothing is changed.', file=shown)
    elif found.number and not args.dry_run:
        if not _agreed(args, 'the old name is replaced in the database of '
                       'Glance.'):
            refused = True
            print('Nothing is changed.', file=shown)
        else:
            done = renaming.rename(args.old, args.new, _progress)
            report['done'] = done.to_dict()
            print('\n'.join(_done(report['done'], 'Renamed')), file=shown)
    if args.format == 'json':
        print(json.dumps(report, indent=2))
    return int(refused or _code(report))


def _renamed(plan: Mapping[str, Any]) -> Iterator[str]:
    yield 'Store %s, which is %s now, driver %s:' % (
        plan['old'], plan['new'], plan['driver'])
    yield '  %d locations of %d images would get the new name.' % (
        plan['number'], plan['images'])
    number = sum(group['number'] for group in plan['left'].values())
    yield '  %d locations would keep the old one.' % number
    yield from _groups(plan['left'])
    if plan['options']:
        yield '  Change these options, which have the old name: %s.' % (
            ', '.join(plan['options']))
    if plan['policy']:
        yield '  Change the policy file, which may have it in lines %s.' % (
            ', '.join(map(str, plan['policy'][:20])))
    if plan['number']:
        yield 'What follows from it:'
        for text in _RENAME_FOLLOWS:
            yield '  * ' + text
    for text in plan['hinders']:
        yield 'REFUSED: ' + text


def _code(report: Mapping[str, Any]) -> int:
    """Whether something is, or would be, left that is not as it should be."""
    plan, done = report['plan'], report['done']
    if done is None:
        return int(bool(plan['left']))
    return int(bool(done['left'] or done['stopped']))


def _planned(plan: Mapping[str, Any]) -> Iterator[str]:
    yield 'Store %s, driver %s:' % (plan['store'], plan['driver'])
    yield '  %d locations are as they should be.' % plan['same']
    yield '  %d locations of %d images would be rewritten.' % (
        plan['number'], plan['images'])
    yield from _groups(plan['change'])
    number = sum(group['number'] for group in plan['left'].values())
    yield '  %d locations would be left as they are.' % number
    yield from _groups(plan['left'])
    if not plan['number']:
        return
    yield ('  %d objects were looked at. They can be read with the '
           'credentials of the configuration, and have the size of their '
           'images.' % plan['checked'])
    yield 'What follows from it:'
    for text in _CONSEQUENCES:
        yield '  * ' + text


def _groups(groups: Mapping[str, Any]) -> Iterator[str]:
    for reason, group in groups.items():
        yield '    %d: %s' % (group['number'], reason)
        more = group['number'] > len(group['examples'])
        yield '      Images: %s%s' % (', '.join(group['examples']),
                                      ', ...' if more else '')


def _done(done: Mapping[str, Any], word: str) -> Iterator[str]:
    yield '%s: %d locations.' % (word, done['changed'])
    if done['stopped']:
        yield 'Stopped: ' + done['stopped']
    if done['left']:
        yield 'Left as they are:'
        yield from _groups(done['left'])


def _agreed(args: argparse.Namespace, what: str) -> bool:
    if args.yes:
        return True
    print('DESTRUCTIVE: ' + what, file=sys.stderr)
    return asking.agreed()


def _progress(number: int) -> None:
    if number % 1000 == 0:
        print('%d locations are rewritten.' % number, file=sys.stderr)
